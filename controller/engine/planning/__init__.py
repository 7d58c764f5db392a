"""Registrations and state → a plan. Changes nothing, calls no cloud."""
