"""Measurements of speed and memory; `make bench` prints them as tables."""
