"""A demand → approved specifications, one a zone: names made ids, merged into the estate."""
