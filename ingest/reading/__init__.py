"""From the bytes of a file to the rows of a raw table."""
