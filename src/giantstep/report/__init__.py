"""The report: a results folder as one page that opens from disk.

>>> from giantstep.report import write
"""

from giantstep.report.writing import write

__all__ = ["write"]
