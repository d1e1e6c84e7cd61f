"""What spans contexts and must happen together, one file per process."""
