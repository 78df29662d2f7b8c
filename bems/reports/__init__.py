"""Reports from the record: read it once, reckon, put into words, write to a file."""
