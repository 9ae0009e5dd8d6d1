"""`python -m realsam_edu` is `realsam`."""

from .cli import main

raise SystemExit(main())
