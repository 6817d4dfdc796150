"""Options that several commands have."""

from __future__ import annotations

import click

revision = click.option("--revision", help="Branch, tag or commit on the hub.")
column = click.option(
    "--column",
    "--field",
    "column",
    help="The texts' column; of files of lines: they are JSON, and this is the field. "
    "[default: text]",
)
