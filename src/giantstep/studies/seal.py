"""The seal of a point's file: a last line with the point's hash and the SHA-256 of all bytes before it.

HDF5 believes what it reads: a flipped bit may go unnoticed, or keep the library busy for ever. So a file is
checked as bytes before HDF5 sees it; readers of NetCDF do not look behind the end that the header states.
"""

from __future__ import annotations

import hashlib

from giantstep.studies.canonical import SCHEMA_VERSION

# The number is that of the schema: a newer one is none that this version reads.
_WORD = f"\ngiantstep {SCHEMA_VERSION:03d} ".encode()
LENGTH = len(_WORD) + 64 + 1 + 64 + 1
"""Bytes of a seal."""


def seal(content: bytes, name: str) -> bytes:
    """Return the seal to write behind the content of a point's file.

    >>> len(seal(b"content", "0" * 64)) == LENGTH
    True
    """
    digest = hashlib.sha256(content + name.encode()).hexdigest()
    return _WORD + name.encode() + b" " + digest.encode() + b"\n"


def sealed_name(content: bytes) -> str | None:
    """Return the point that a sealed file holds; empty where its bytes changed, None where there is no seal.

    >>> whole = b"content" + seal(b"content", "0" * 64)
    >>> sealed_name(whole) == "0" * 64, sealed_name(whole.replace(b"c", b"k")), sealed_name(whole[:-1])
    (True, '', None)
    """
    last = content[-LENGTH:]
    if not last.startswith(_WORD):
        return None
    name = last[len(_WORD) : len(_WORD) + 64].decode("ascii", "replace")
    return name if seal(content[:-LENGTH], name) == last else ""
