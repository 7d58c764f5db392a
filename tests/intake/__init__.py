"""Intake is tested from bytes to a reading: every trap is a real .xlsx file made here; no network, no database."""
