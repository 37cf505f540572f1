"""The retrained readout after one giant step, exactly: spiked random features (theory note 30).

`step_map` turns the step into a spike and a bulk, `functionals` tabulates what the activation and the link do
to Gaussians, `resolvents` solves the two equations that are not linear, `ridge_readout` the others.
"""
