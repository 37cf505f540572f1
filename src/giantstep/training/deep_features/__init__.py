"""Ridge readout on deep features, measured: drawn networks, and rows of your own data."""
