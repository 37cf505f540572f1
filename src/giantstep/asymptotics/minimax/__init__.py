"""Functional minimax problems with wide networks (theory note 50, S7; arXiv 2404.12312)."""
