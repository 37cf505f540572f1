"""Two-step pretraining on many tasks: how much of the first layer is aligned (theory note 50, S8)."""
