"""Vega, Vega-Lite and vega-embed for the page, from vl-convert's own copy: nothing is fetched."""

from __future__ import annotations

import asyncio
import sys

from giantstep.explorer.assets import Asset

NAME = "vega.js"

_PRINT_BUNDLE = (
    "import sys, vl_convert; sys.stdout.buffer.write(vl_convert.javascript_bundle().encode('utf-8'))"
)


async def bundle() -> Asset:
    """Return the bundle (0.9 MB, 0.3 MB compressed).

    Putting it together takes seconds and holds the interpreter's lock, so another process does it, once a
    start, while the page is already being served.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-c", _PRINT_BUNDLE, stdout=asyncio.subprocess.PIPE
    )
    try:
        content, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    if process.returncode or b"vegaEmbed" not in content:
        raise RuntimeError("vega: vl-convert gave no JavaScript bundle")
    return await asyncio.to_thread(Asset.of, NAME, content)
