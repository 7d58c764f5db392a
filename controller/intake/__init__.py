"""Demand as units hand it in (annex 3 as a workbook) becomes a `Request`, or problems that name the cell."""
