"""Write a NetCDF-4 file directly through h5py: the same file xarray would make, ten times as fast.

A point of a study is small, and h5netcdf spends tens of milliseconds on its sixteen variables; a study has
thousands of points.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

_BARE = "This is a netCDF dimension but not a netCDF variable. {:9d}"


def write_netcdf(
    path: Path, variables: Mapping[str, tuple[tuple[str, ...], Any]], attributes: Mapping[str, Any]
) -> None:
    """Write variables, name -> (dimension names, array), and attributes of the file.

    The bytes depend on nothing but the arguments and the versions of the libraries.
    """
    import h5py

    text = h5py.string_dtype()
    with h5py.File(path, "w", track_order=True) as file:
        for name, value in attributes.items():
            file.attrs[name] = value
        sizes: dict[str, int] = {}
        for dims, values in variables.values():
            sizes |= dict(zip(dims, np.shape(values), strict=True))
        # Dimensions first, in order, since the others refer to them.
        for number, (dim, size) in enumerate(sizes.items()):
            if dim in variables:
                _dataset(file, dim, variables[dim][1], text)
                file[dim].make_scale(dim)
            else:
                file.create_dataset(dim, (size,), dtype=">f4")
                file[dim].make_scale(_BARE.format(size))
            file[dim].attrs["_Netcdf4Dimid"] = np.int32(number)
        for name, (dims, values) in variables.items():
            if name in sizes:
                continue
            _dataset(file, name, values, text)
            for axis, dim in enumerate(dims):
                file[name].dims[axis].attach_scale(file[dim])


def _dataset(file: Any, name: str, values: Any, text: Any) -> None:
    array = np.asarray(values)
    if array.dtype.kind in "OUST":
        file.create_dataset(name, data=array.astype(object), dtype=text)
    else:
        file.create_dataset(name, data=array.astype(array.dtype.newbyteorder("<")))
