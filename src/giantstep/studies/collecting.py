"""Collect a results folder into one labelled Dataset, theory beside simulation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr


def collect(folder: str | Path, *, sweep: str | None = None) -> xr.Dataset:
    """Return a sweep's results over its axes (target, dimension, ..., replicate); missing points are NaN.

    Parameters
    ----------
    folder : path
    sweep : str, optional
        Which sweep, where the study has several.

    Raises
    ------
    StoreError
        When the folder holds no study.
    """
    raise NotImplementedError
