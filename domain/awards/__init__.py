"""An award is given to a team and held by accounts, one stream per holding."""
