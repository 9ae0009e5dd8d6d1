"""`python -m realsam_edu` is `realsam`, and what `torchrun -m realsam_edu` starts many times."""

from .cli import main

raise SystemExit(main())
