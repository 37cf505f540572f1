"""Descent-ascent of two particle networks: population, online and naive (theory note 50, S7.2)."""
