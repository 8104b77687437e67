"""Tests of the Delta plugin and its macros."""
