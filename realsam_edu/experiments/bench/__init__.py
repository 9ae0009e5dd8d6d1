"""How fast Sam learns and writes, beside rivals, in one run."""
