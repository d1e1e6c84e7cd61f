"""Everything that runs behind the API: projecting, and telling others."""
