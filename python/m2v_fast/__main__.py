"""The command `m2v-fast`, which `python -m m2v_fast` is as well."""

from m2v_fast import ending
from m2v_fast.cli import main


def command() -> None:
    """Run it."""
    ending.command(main)


if __name__ == "__main__":
    command()
