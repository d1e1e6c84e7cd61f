"""Query tables that may be dropped and rebuilt from the log at any time, and the queries on them."""
