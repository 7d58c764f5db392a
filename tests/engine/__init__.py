"""Boundary: the engine without a cloud. Programs are real and run on the real SDK in the real runner; kinds are doubles
that stand beside the tests; whatever keeps state has a real database of its own.
"""
