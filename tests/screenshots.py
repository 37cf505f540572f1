"""Where the tests leave their pictures: of every kind of figure, and of every panel of the explorer."""

import os
from pathlib import Path

KEPT = Path(__file__).parents[1] / "docs/images"
"""What the documentation shows."""

FOLDER = Path(os.environ.get("GIANTSTEP_SCREENSHOTS", Path(__file__).parents[1] / "build/screenshots"))
"""Where new ones go; set it to docs/images to renew those of the documentation."""
