"""Measurements, run by hand: they compare with peers in one run and assert nothing."""
