"""Verb simulate: two engines, exact in law, behind one function."""
