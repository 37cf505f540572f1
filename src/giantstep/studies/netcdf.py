"""Write and read NetCDF-4 files directly through h5py: the files xarray would make, ten times as fast.

A point of a study is small, and h5netcdf spends tens of milliseconds on its sixteen variables; a study has
thousands of points.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

_BARE = "This is a netCDF dimension but not a netCDF variable. {:9d}"


def netcdf_image(
    variables: Mapping[str, tuple[tuple[str, ...], Any]], attributes: Mapping[str, Any]
) -> tuple[bytes, dict[str, int | None]]:
    """Return a file of variables, name -> (dimension names, array), and attributes; and where arrays lie.

    It is made in memory, so that what can go wrong with a disk goes wrong in one plain write. The bytes
    depend on nothing but the arguments and the versions of the libraries.
    """
    import h5py

    text = h5py.string_dtype()
    with h5py.File(_in_memory()) as file:
        for key, value in attributes.items():
            file.attrs[key] = value
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
        for key, (dims, values) in variables.items():
            if key in sizes:
                continue
            _dataset(file, key, values, text)
            for axis, dim in enumerate(dims):
                file[key].dims[axis].attach_scale(file[dim])
        file.flush()
        image: bytes = file.id.get_file_image()
        offsets = {key: file[key].id.get_offset() for key in variables}
    return image, offsets


def _in_memory() -> Any:
    """Return an open file that lives in memory, in the order of creation and without times of it.

    `h5py.File` writes the time of the root group until 3.15.
    """
    import h5py

    making = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    order = h5py.h5p.CRT_ORDER_TRACKED | h5py.h5p.CRT_ORDER_INDEXED
    making.set_link_creation_order(order)
    making.set_attr_creation_order(order)
    making.set_obj_track_times(False)
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_libver_bounds(h5py.h5f.LIBVER_EARLIEST, h5py.h5f.LIBVER_LATEST)
    access.set_fapl_core(backing_store=False)
    # The name of a file that is never written; two of one name cannot be open in one process.
    name = f"memory-{secrets.token_hex(8)}".encode()
    return h5py.h5f.create(name, h5py.h5f.ACC_TRUNC, making, access)


def write_netcdf(
    path: Path, variables: Mapping[str, tuple[tuple[str, ...], Any]], attributes: Mapping[str, Any]
) -> None:
    """Write `netcdf_image` to a path."""
    path.write_bytes(netcdf_image(variables, attributes)[0])


def read_netcdf(content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the arrays that the attribute ``layout`` of a file names, and all attributes."""
    import h5py

    file = h5py.h5f.open_file_image(content)
    try:
        root = h5py.h5g.open(file, b"/")
        attributes = {}
        for index in range(h5py.h5a.get_num_attrs(root)):
            found = h5py.h5a.open(root, index=index)
            attributes[found.name.decode()] = _attribute(found)
        values = {
            name: _array(h5py.h5d.open(file, name.encode()))
            for name in json.loads(attributes.get("layout", "{}"))
        }
    finally:
        file.close()
    return values, attributes


def _attribute(found: Any) -> Any:
    import h5py

    if found.get_type().get_class() == h5py.h5t.STRING:
        text: Any = np.empty(found.shape, object)
        found.read(text)
        return text[()].decode()
    value = np.empty(found.shape, found.dtype)
    found.read(value)
    return value[()]


def _array(found: Any) -> Any:
    import h5py

    everything = h5py.h5s.ALL
    if found.get_type().get_class() == h5py.h5t.STRING:
        texts = np.empty(found.shape, object)
        if texts.size:
            found.read(everything, everything, texts)
        flat = [text.decode() if isinstance(text, bytes) else str(text) for text in texts.ravel()]
        return np.array(flat, dtype=object).reshape(found.shape)
    values = np.empty(found.shape, found.dtype)
    if values.size:
        found.read(everything, everything, values)
    return values


def _dataset(file: Any, name: str, values: Any, text: Any) -> None:
    array = np.asarray(values)
    if array.dtype.kind in "OUST":
        file.create_dataset(name, data=array.astype(object), dtype=text)
    else:
        file.create_dataset(name, data=array.astype(array.dtype.newbyteorder("<")))
