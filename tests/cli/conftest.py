"""Boundary: commands as they are typed, on a home with a real database. No cloud; worlds are for tests/e2e."""
