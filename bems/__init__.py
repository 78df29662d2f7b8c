"""Composes everything: the only package with a clock and a TaskGroup."""

__version__ = "0.1.0"
