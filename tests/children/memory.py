"""Growth of anonymous memory by loading a model and encoding paragraphs, over the import alone.

usage: memory.py MODEL [LANGUAGE]. Prints the largest growth in bytes.
"""

from __future__ import annotations

import gc
import json
import sys
from itertools import cycle, islice
from pathlib import Path

import m2v_fast

from tests.support import testdata
from tests.support.texts import many_paragraphs

PARAGRAPHS = 5000
BATCH = 100


def anonymous() -> int:
    """RssAnon of this process in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the kernel does not tell RssAnon")


def main() -> None:
    model_folder, *language = sys.argv[1:]
    # Texts and the vectors read at a time are the caller's: there before the counting begins.
    if language:
        # Again from the start, where there are fewer.
        texts = list(islice(cycle(testdata.corpus(language[0])), PARAGRAPHS))
    else:
        texts = many_paragraphs(PARAGRAPHS)
    gc.collect()
    before = anonymous()
    model = m2v_fast.StaticModel.from_pretrained(model_folder)
    largest = anonymous()
    total = 0.0
    for i in range(0, PARAGRAPHS, BATCH):
        total += float(abs(model.encode(texts[i : i + BATCH])).sum())
        largest = max(largest, anonymous())
    print(json.dumps({"growth": largest - before, "total": total, "texts": len(texts)}))


if __name__ == "__main__":
    main()
