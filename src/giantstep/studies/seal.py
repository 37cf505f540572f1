"""The end of a point's file: a table of its contents, and a last line that vouches for every byte before it.

HDF5 believes what it reads: a flipped bit may go unnoticed, or keep the library busy for ever. So a file is
checked as bytes before HDF5 sees it. The table says where the arrays lie, so that thousands of points are
read without opening each as HDF5. Readers of NetCDF do not look behind the end that the header states.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from giantstep.studies.canonical import SCHEMA_VERSION

# The number is that of the schema: a newer one is none that this version reads.
_WORD = f"\ngiantstep {SCHEMA_VERSION:03d} ".encode()
LENGTH = len(_WORD) + 10 + 1 + 64 + 1 + 64 + 1
"""Bytes of the last line."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What the end of a file says: the point it holds (empty where bytes changed), and the table as JSON."""

    name: str
    table: bytes = b""


def sealed(content: bytes, name: str, table: Mapping[str, Any]) -> bytes:
    """Return a file of NetCDF content with its end.

    >>> whole = sealed(b"content", "0" * 64, {})
    >>> unseal(whole).name == "0" * 64, unseal(whole.replace(b"c", b"k", 1)).name, unseal(whole[:-1])
    (True, '', None)
    """
    text = json.dumps(table, sort_keys=True, separators=(",", ":")).encode()
    return content + text + _line(content + text, name, len(text))


def unseal(content: bytes) -> Sealed | None:
    """Return the end of a file; None where there is none of this version."""
    last = content[-LENGTH:]
    if not last.startswith(_WORD):
        return None
    words = last[len(_WORD) :].decode("ascii", "replace").split(" ")
    if len(words) != 3 or not words[0].isdecimal():
        return Sealed("")
    length, name = int(words[0]), words[1]
    if _line(content[:-LENGTH], name, length) != last:
        return Sealed("")
    return Sealed(name, content[len(content) - LENGTH - length : -LENGTH])


def contents(
    variables: Mapping[str, tuple[tuple[str, ...], Any]],
    attributes: Mapping[str, Any],
    offsets: Mapping[str, int | None],
) -> dict[str, Any]:
    """Return the table of a file: its attributes, and where each array lies; texts stand in the table."""
    arrays = {}
    for name, (dims, values) in variables.items():
        array = np.asarray(values)
        row: dict[str, Any] = {"dims": dims, "shape": array.shape}
        if array.dtype.kind in "OUST":
            arrays[name] = row | {"texts": [str(text) for text in array.ravel()]}
        else:
            arrays[name] = row | {"dtype": array.dtype.newbyteorder("<").str, "offset": offsets[name]}
    plain = {
        key: value if isinstance(value, str) else np.asarray(value).tolist()
        for key, value in attributes.items()
    }
    return {"attributes": plain, "arrays": arrays}


def read_contents(
    content: bytes, table: bytes
) -> tuple[dict[str, tuple[tuple[str, ...], Any]], dict[str, Any]]:
    """Return name -> (dimension names, array), and the attributes, of a sealed file."""
    found = json.loads(table)
    variables = {}
    for name, row in found["arrays"].items():
        shape = tuple(row["shape"])
        if "texts" in row:
            array = np.array(row["texts"], dtype=object).reshape(shape)
        elif row["offset"] is None:
            array = np.empty(shape, row["dtype"])
        else:
            count = int(np.prod(shape, dtype=np.int64))
            array = np.frombuffer(content, row["dtype"], count, row["offset"]).reshape(shape).copy()
        variables[name] = (tuple(row["dims"]), array)
    return variables, found["attributes"]


def _line(body: bytes, name: str, length: int) -> bytes:
    head = _WORD + f"{length:010d} {name} ".encode()
    return head + hashlib.sha256(body + head).hexdigest().encode() + b"\n"
