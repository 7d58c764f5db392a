"""Boundary: the provider's own values and rules, without a cloud. What it does with one is shown in tests/contract."""
