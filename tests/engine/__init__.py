"""Tests of the parent side of inference."""
