"""Metering: confirmed openings become intervals in the ledger, intervals and prices become bills."""
