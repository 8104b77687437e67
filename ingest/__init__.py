"""Loads files from GitHub, a folder, a bucket or the web into raw Delta tables: every record once, with its origin."""
