"""Cinder v3."""
