"""Growth of anonymous memory by doing the same things again and again, after a first few times.

usage: soak.py MODEL
"""

from __future__ import annotations

import json
import sys
from typing import Any

import m2v_fast

from tests.children.memory import anonymous
from tests.support.texts import AWKWARD, MULTILINGUAL, paragraphs

ROUNDS = 60
WARM = 15


def main() -> None:
    folder = sys.argv[1]
    kept = m2v_fast.StaticModel.from_pretrained(folder)
    texts = [*paragraphs()[:300], *AWKWARD, *MULTILINGUAL]
    before = 0
    for turn in range(ROUNDS):
        model = m2v_fast.StaticModel.from_pretrained(folder)
        model.encode(texts, num_threads=1 + turn % 2)
        kept.encode(texts, num_threads=1 + turn % 2)
        kept.encode(text for text in texts)
        kept.tokenize(texts)
        bads: list[Any] = [[*texts, None], [*texts, "\ud800"]]
        for bad in bads:
            try:
                kept.encode(bad)
            except (TypeError, UnicodeEncodeError):
                continue
            raise AssertionError("a bad item was taken")
        if turn == WARM:
            before = anonymous()
    print(json.dumps({"growth": anonymous() - before, "rounds": ROUNDS - WARM}))


if __name__ == "__main__":
    main()
