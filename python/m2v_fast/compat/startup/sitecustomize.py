"""What Python imports at its start from a folder on PYTHONPATH: `m2v-fast run` puts this one there.

The program should not notice: the folder leaves `sys.path`, and the sitecustomize that would have
been imported without us takes the place of this module.
"""

import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - without more imports
try:
    import _m2v_fast_startup  # type: ignore[import-not-found]  # noqa: F401
except Exception as error:
    print(f"m2v_fast.compat has no effect: {error!r}", file=sys.stderr)
sys.path[:] = [
    entry
    for entry in sys.path
    if os.path.abspath(entry) != _here  # noqa: PTH100
]

_ours = sys.modules.pop("sitecustomize", None)
try:
    # What is wrong with it, Python says as if it had been the first.
    import sitecustomize  # type: ignore[import-not-found]  # noqa: F401
except ImportError as error:
    if error.name != "sitecustomize":
        raise
    if _ours is not None:
        sys.modules["sitecustomize"] = _ours
