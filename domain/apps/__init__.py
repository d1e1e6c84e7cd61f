"""An app is a program with credentials of its own."""
