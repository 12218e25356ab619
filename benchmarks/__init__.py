"""Measured claims, one file each."""
