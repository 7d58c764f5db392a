"""Boundary: the files of catalog/ as they stand, read from disk. No database, no clock, no cloud."""
