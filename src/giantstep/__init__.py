"""giantstep: what a two-layer network learns in its first few giant gradient steps."""
