"""State in Pulumi's own deployment format, out of the database and into it."""
