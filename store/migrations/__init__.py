"""The SQL that makes and changes the database, in the order of the file names."""
