"""`python -m m2v_fast.compat app.py …` (or `-m module …`): a program with `compat.install()`.

Python processes that it starts have compat on as well, as below `m2v-fast run`.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

from m2v_fast.compat import install, switch


def main() -> None:
    """Run the program that the command line names, as Python itself would."""
    arguments = sys.argv[1:]
    if not arguments or (arguments[0] == "-m" and len(arguments) < 2):
        raise SystemExit("usage: python -m m2v_fast.compat [-m module | app.py] [arguments]")
    if not switch.is_off():
        switch.on_for_children(os.environ)
        install()
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        return
    sys.argv = arguments
    # Python puts the folder of a program, not the current one, at the head of its search path.
    sys.path[0] = str(Path(arguments[0]).resolve().parent)
    runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    main()
