"""Immediate feedback in the notebooks, one module per notebook."""
