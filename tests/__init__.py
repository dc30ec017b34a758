"""Shared fixtures. Grows with the suite; knows no part in particular."""
