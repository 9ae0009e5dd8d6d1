"""What every claim rests on: comparisons, rivals, bench, report (notebooks 04 and 12)."""
