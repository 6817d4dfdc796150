"""Saves another model over the folder of one in use, which must not notice."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from m2v_fast import StaticModel

from tests.support import vocabularies
from tests.support.folders import Shape, write_folder
from tests.support.texts import paragraphs


def main() -> None:
    texts = list(paragraphs()[:200])
    with tempfile.TemporaryDirectory() as root:
        big = write_folder(Path(root, "big"), vocabularies.wordpiece(), Shape(width=64)).path
        small = write_folder(Path(root, "small"), vocabularies.wordpiece_tiny(), Shape()).path
        used = StaticModel.from_pretrained(big)
        vectors, tokenizer = used.encode(texts).tobytes(), used._native.tokenizer_json()
        StaticModel.from_pretrained(small).save_pretrained(big)
        same = used.encode(texts).tobytes() == vectors
        same &= used._native.tokenizer_json() == tokenizer
        left = sorted(path.name for path in big.iterdir() if path.suffix == ".new")
        new = StaticModel.from_pretrained(big).dim
    print(json.dumps({"same": same, "left": left, "new": new}))


if __name__ == "__main__":
    main()
