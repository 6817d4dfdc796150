"""Runs that take minutes, each a program of its own: `make soak`, `make adversarial`, …."""
