"""Loads files from GitHub, a folder or the web into raw Delta tables: every record once, with where it came from."""
