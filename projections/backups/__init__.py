"""Which backups there are."""
