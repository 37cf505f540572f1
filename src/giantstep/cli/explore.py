"""`giantstep explore`: the page in a browser, served from this machine."""

from __future__ import annotations

from giantstep.cli.options import Count, Text, whole


def explore(*, port: Count = "0", host: Text = "127.0.0.1", no_browser: bool = False) -> int:
    """Open a page that analyses, predicts and simulates live, until Ctrl-C.

    The address is printed on stdout and holds the token of this start; only who has it may ask. Nothing is
    fetched from elsewhere, and nothing leaves this machine.

    Parameters
    ----------
    port
        Port to listen on; 0 takes a free one. [default: 0]
    host
        Address to listen on; other machines need the token, their traffic is open. [default: 127.0.0.1]
    no_browser
        Print the address only; without it a browser is opened where there is a screen.
    """
    from giantstep.cli.console import tell
    from giantstep.explorer.access import Access
    from giantstep.explorer.serving import open_socket, serve

    bound = open_socket(host, whole(port, "port"))
    access = Access(host, bound.getsockname()[1])

    def started() -> None:
        print(access.url, flush=True)
        tell("giantstep explore: listening; Ctrl-C ends it")
        if not access.local:
            tell("giantstep explore: others can reach this address; the token and all answers go unencrypted")
        if not no_browser and _has_screen():
            _open(access.url)

    serve(bound, access, on_start=started)
    return 0


def _has_screen() -> bool:
    """Whether a browser would have somewhere to show itself, and a person is at the terminal."""
    import os
    import sys

    if not sys.stdout.isatty():
        return False
    return sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )


def _open(url: str) -> None:
    import threading
    import webbrowser

    # Some browsers return only when they are closed.
    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
