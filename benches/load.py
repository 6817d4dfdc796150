"""Measures loading in fresh processes: from tokenizer.json, from a compiled index, and model2vec.

    python -m benches.load MODEL [FILE ...]

MODEL is a folder; if it holds a tokenizer only, random rows are put beside it. Times are those of
`from_pretrained`, medians of `--rounds` processes that take turns, the files in the system's cache.
Memory is growth of anonymous memory: by loading, and at most by then encoding the texts of all
FILEs. "index" loads what the process before it compiled into a folder of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benches import AS_STARTED, models

_PROGRAM = """
import json, sys, time
from pathlib import Path
from benches.texts import read_texts
from {package} import StaticModel
def anonymous():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0
before = anonymous()
start = time.perf_counter()
model = StaticModel.from_pretrained(sys.argv[1]{arguments})
seconds = time.perf_counter() - start
loaded = anonymous() - before
# After loading: what reading texts leaves behind would change what loading takes.
texts = [text for file in sys.argv[2:] for text in read_texts(Path(file))]
before = most = anonymous()
for i in range(0, len(texts), 100):
    model.encode(texts[i:i + 100])
    most = max(most, anonymous())
told = {{"ms": seconds * 1e3, "load_mb": loaded / 1e6, "all_mb": (loaded + most - before) / 1e6}}
print(json.dumps(told | {{"indexed": getattr(model, "indexed", False)}}))
"""


def fresh(package: str, arguments: str, folder: Path, files: list[Path]) -> dict[str, Any]:
    """What one process tells."""
    root = str(Path(__file__).resolve().parent.parent)
    program = _PROGRAM.format(package=package, arguments=arguments)
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder), *map(str, files)],
        stdout=subprocess.PIPE,
        check=True,
        env={**AS_STARTED, "PYTHONPATH": root, "TOKENIZERS_PARALLELISM": "false"},
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def main() -> None:
    about = (__doc__ or "").split("\n\n")[0]
    parser = argparse.ArgumentParser("python -m benches.load", description=about)
    parser.add_argument("model", type=Path, help="model folder")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="texts to encode")
    parser.add_argument("--rounds", type=int, default=5, help="processes of each kind (5)")
    parser.add_argument("--no-model2vec", action="store_true", help="m2v_fast only")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.model
        if not models.is_whole(folder):
            folder = models.float32_model(folder, Path(scratch) / "model")
        index = os.path.join(scratch, "index")  # noqa: PTH118
        kinds = {
            "tokenizer.json": ("m2v_fast", ", index=False"),
            "index": ("m2v_fast", f", index={index!r}"),
            "model2vec": ("model2vec", ""),
        }
        if options.no_model2vec:
            del kinds["model2vec"]
        told: dict[str, list[dict[str, Any]]] = {name: [] for name in kinds}
        for turn in range(options.rounds + 1):
            for name, (package, arguments) in kinds.items():
                found = fresh(package, arguments, folder, options.files)
                if turn:  # the first one fills the file cache, and makes the index
                    told[name].append(found)
    print("| from | load, ms | load, MB | load and encode, MB |\n|---|---:|---:|---:|")
    for name, rows in told.items():
        if name == "index" and not all(row["indexed"] for row in rows):
            print("| index | this model has none | | |")
            continue
        figures = (median(row[key] for row in rows) for key in ("ms", "load_mb", "all_mb"))
        print(f"| {name} | {' | '.join(f'{figure:.1f}' for figure in figures)} |")


if __name__ == "__main__":
    main()
