"""Warnings to the log. `logging` is imported with the first: most processes have none."""

from __future__ import annotations


def warning(name: str, message: str, *values: object) -> None:
    """Log a warning of the module `name`, the values put into the message as `logging` does."""
    import logging

    logging.getLogger(name).warning(message, *values)
