"""Real rows to try the plug-in on: the handwritten digits that come with scikit-learn."""

from __future__ import annotations

from typing import Any

from giantstep.errors import CapabilityError


def digits_rows() -> tuple[Any, Any]:
    """Return features (1797, 64), grey values in [0, 1], and labels 1 for even digits and -1 for odd ones.

    Raises
    ------
    CapabilityError
        Without scikit-learn.

    Examples
    --------
    >>> features, labels = digits_rows()
    >>> features.shape, sorted(set(labels.tolist()))
    ((1797, 64), [-1.0, 1.0])
    """
    import numpy as np

    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise CapabilityError(
            "data 'digits': scikit-learn is not installed. Install giantstep[docs], or give a file of your "
            "own."
        ) from None
    features, digits = load_digits(return_X_y=True)
    return features / 16.0, np.where(digits % 2 == 0, 1.0, -1.0)
