"""Gradient flow and one-pass SGD of a finite network with a fast readout (theory note 50, S6.1)."""
