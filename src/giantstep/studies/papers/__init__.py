"""The papers whose figures come out of one command: which studies show them, and what they show.

>>> paper("2402.04980").title
'Asymptotics of feature learning in two-layer networks after one gradient-step'
>>> [figure.study for figure in paper("2402.04980").figures]
['learning-curves']
"""

from giantstep.studies.papers.papers import Paper, PaperFigure, is_paper, paper, papers
from giantstep.studies.papers.press import Printed, estimate_paper, print_paper, studies_of

__all__ = [
    "Paper",
    "PaperFigure",
    "Printed",
    "estimate_paper",
    "is_paper",
    "paper",
    "papers",
    "print_paper",
    "studies_of",
]
