"""Time-scales of gradient flow in a wide two-layer network (theory note 50, S6; arXiv 2303.00055)."""
