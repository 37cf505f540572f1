"""Ridge readout on deep structured features: errors from one eigendecomposition (theory note 50, S5)."""
