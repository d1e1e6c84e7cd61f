"""The rules that span contexts, one file per process."""
