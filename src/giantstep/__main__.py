"""``python -m giantstep`` is ``giantstep``."""

import sys

from giantstep.cli import main

if __name__ == "__main__":
    sys.exit(main())
