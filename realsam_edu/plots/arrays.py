"""Numbers of any kind as NumPy arrays, so that no figure has to know torch."""

import numpy as np


def as_array(x) -> np.ndarray:
    """Return a list, an array, or a tensor (detached, from whatever device) as an array."""
    return np.asarray(x.detach().cpu() if hasattr(x, "detach") else x)
