"""Spectra of features and weights after giant steps at linear width (theory note 40).

`activation_moments`, `link_moments` and `readout_moments` hold what every formula of the note is made of.
"""
