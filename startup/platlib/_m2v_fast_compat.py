"""Imported at interpreter start if M2V_FAST_COMPAT says so: does `m2v_fast.compat.install()`.

Not at once but when model2vec, or pymilvus' class for it, is about to be imported, so that other
programs started with the variable set do not import NumPy. Failing to do so never breaks anything.
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
            print(f"M2V_FAST_COMPAT has no effect: {error!r}", file=sys.stderr)
            return None


_value = os.environ.get("M2V_FAST_COMPAT", "").strip().lower()
if _value in ("1", "true", "yes", "on"):
    sys.meta_path.insert(0, _Waiting())
elif _value not in ("", "0", "false", "no", "off"):
    print(f"M2V_FAST_COMPAT={_value!r} has no effect: set it to 1 or 0", file=sys.stderr)
