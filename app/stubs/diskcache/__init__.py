"""Stands in for the package `diskcache`, which llama-cpp-python imports at its top and Hearth never uses.

The real one unpickles what lies in its cache folder (CVE-2025-69872, no fix). This module is installed as the
top-level `diskcache`, so that the real one need not be.
"""
