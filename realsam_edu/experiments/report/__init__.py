"""Result tables, made from committed files: the one home of every number that is shown."""

from .bench import SECTIONS, bench_lines, bench_markdown, measured_sections
from .comparison import comparison_lines
from .origin import processor, shown_command
from .page import page_markdown
from .training import seeds_markdown, training_summary, versions_markdown
