"""Boundary: the pages under docs/ and the README against the code that they speak of; nothing is run."""
