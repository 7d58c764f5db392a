"""The file of a case, whatever it is about: its steps, clocks, declarations, evidence and confirmations."""
