"""Loads a model and encodes one text with it, or tells how that failed.

usage: load.py SOURCE [JSON OF KEYWORD ARGUMENTS]
"""

from __future__ import annotations

import json
import sys
import time

import m2v_fast


def main() -> None:
    source, *rest = sys.argv[1:]
    arguments = json.loads(rest[0]) if rest else {}
    start = time.monotonic()
    try:
        model = m2v_fast.StaticModel.from_pretrained(source, **arguments)
        vector = model.encode("the statement of the import")
        result = {"ok": True, "vector": vector.tobytes().hex()}
    except Exception as error:
        result = {
            "ok": False,
            "types": [kind.__name__ for kind in type(error).__mro__],
            "message": str(error),
        }
    result["seconds"] = time.monotonic() - start
    result["imported"] = sorted({"huggingface_hub", "tokenizers", "tqdm"} & set(sys.modules))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
