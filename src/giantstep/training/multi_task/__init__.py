"""Two-step pretraining on many tasks, measured: alignment, conditioning, downstream accuracy."""
