"""Imported when an interpreter starts: `m2v_fast.compat.install()`, once there is reason to.

Not at once but when model2vec, or pymilvus' class for it, is about to be imported, so that other
programs do not import NumPy. `M2V_FAST_COMPAT=0` switches it off. Failing to do anything never
breaks the program.
"""

import os
import sys

_AWAITED = ("model2vec.model", "pymilvus.model.dense.model2vec_embed")


class _Waiting:
    over = False

    def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def]
        if self.over or name not in _AWAITED:
            return None
        self.over = True
        try:
            from m2v_fast import compat

            compat.install()
            return compat.finder.find_spec(name, path, target)
        except Exception as error:
            print(f"m2v_fast.compat has no effect: {error!r}", file=sys.stderr)
            return None


_value = os.environ.get("M2V_FAST_COMPAT", "").strip().lower()
#: Whether this interpreter waits for model2vec.
on = _value not in ("0", "false", "no", "off")
if on:
    sys.meta_path.insert(0, _Waiting())
    if _value not in ("", "1", "true", "yes", "on"):
        print(f"M2V_FAST_COMPAT={_value!r} has no effect: set it to 1 or 0", file=sys.stderr)
