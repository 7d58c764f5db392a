"""Boundary: pure values in, pure values out. No file, no clock, no database; arithmetic is tested by properties."""
