"""The database itself: the embedded server's life, migrations, the audit chain, the vault. No cloud, no network."""
