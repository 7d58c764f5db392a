"""Boundary: the registry of rules against the marks of all tests, read as text. Nothing is run, no database."""
