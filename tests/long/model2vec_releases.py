"""`m2v_fast.compat` beside releases of model2vec: on with 0.10, out of the way with others.

usage: python -m tests.long.model2vec_releases FOLDER [--wheel FILE] [RELEASE ...]

`make test-model2vec-releases` runs it. Each release gets an environment of its own in FOLDER. A
program that knows nothing of m2v_fast runs with and without compat, in each way to switch it on.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tests.long.environments import ROOT, Environment, make

#: Releases, and whether compat knows them.
RELEASES = {"0.3.4": False, "0.6.0": False, "0.8.2": False, "0.9.0": False, "0.10.0": True}

#: Any release runs it: vectors, ids and rows, of which not all have every method.
PROGRAM = """
import hashlib, json, sys
from model2vec import StaticModel
model = StaticModel.from_pretrained(sys.argv[1])
texts = ["Where do tides come from?", "Zwölf Boxkämpfer", "向量数据库 👍", "", "word " * 600] * 20
def digest(arrays):
    return [[str(a.dtype), a.shape, hashlib.sha256(a.tobytes()).hexdigest()] for a in arrays]
found = [digest([model.encode(texts), model.encode(texts[0]), model.encode(texts, max_length=3)])]
found.append([[int(i) for i in ids] for ids in model.tokenize(texts)])
found.append(digest(model.encode_as_sequence(texts)))
model.save_pretrained(sys.argv[2])
found.append(digest([StaticModel.from_pretrained(sys.argv[2]).encode(texts)]))
kinds = [type(model).__module__ + "." + type(model).__name__]
if len(sys.argv) > 3:
    from m2v_fast import compat
    try:
        kinds.append(type(compat.accelerate(model)).__name__)
    except ImportError as error:
        kinds.append(str(error))
print(json.dumps([kinds, found]))
"""

INSTALL = "from m2v_fast import compat; compat.install()\n"
#: How to switch compat on: what comes before the program, and the command that runs it.
WAYS: dict[str, tuple[str, list[str]]] = {
    "m2v-fast run": ("", ["-m", "m2v_fast", "run"]),
    "install before the import": (INSTALL, []),
    "install after the import": ("import model2vec.model\n" + INSTALL, []),
    "python -m m2v_fast.compat": ("", ["-m", "m2v_fast.compat"]),
}
WARNING = "m2v_fast leaves model2vec as it is"


def run(environment: Environment, folder: Path, way: str | None, *more: str) -> tuple[Any, str]:
    """Run the program, and return what it found and what it wrote to standard error."""
    before, command = WAYS[way] if way is not None else ("", [])
    program = folder / "program.py"
    program.write_text(before + PROGRAM, encoding="utf-8")
    if command[-1:] == ["run"]:
        command = [*command, str(environment.python)]
    model = ROOT / "python" / "m2v_fast" / "bundled" / "minilm"
    done = environment.run(*command, program, model, folder / "saved", *more)
    if done.returncode:
        sys.exit(f"{way or 'without compat'}: exit code {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


def problems(release: str, environment: Environment, folder: Path) -> list[str]:
    """Return what is not as it must be."""
    found = []
    known = RELEASES.get(release, False)
    (kinds, results), quiet = run(environment, folder, None)
    if kinds != ["model2vec.model.StaticModel"]:
        found.append(f"without compat: the model is a {kinds[0]}")
    for way in WAYS:
        (kinds, ours), errors = run(environment, folder, way)
        if ours != results:
            found.append(f"{way}: results differ")
        if ("Accelerated" in kinds[0]) is not known:
            found.append(f"{way}: the model is a {kinds[0]}")
        said = [line for line in errors.splitlines() if line not in quiet.splitlines()]
        expected = 0 if known else 1
        if len(said) != expected or not all(WARNING in line and release in line for line in said):
            found.append(f"{way}: said {said}")
    (kinds, _), _ = run(environment, folder, None, "accelerate")
    if known is not (kinds[1] == "AcceleratedStaticModel") or (
        not known and f"model2vec {release} is installed" not in kinds[1]
    ):
        found.append(f"accelerate: {kinds[1]}")
    status = environment.run("-m", "m2v_fast", "compat", "status")
    expected_words = f"{release}, which" if known else f"model2vec {release} is installed"
    if status.returncode or expected_words not in status.stdout:
        found.append(f"m2v-fast compat status: {status.stdout}{status.stderr}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="m2v_fast.compat beside releases of model2vec")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--wheel", type=Path)
    parser.add_argument("releases", nargs="*", default=list(RELEASES))
    arguments = parser.parse_args()
    failed = False
    for release in arguments.releases:
        folder = (arguments.folder / release).resolve()
        environment = make(folder / "venv", f"model2vec=={release}", arguments.wheel)
        found = problems(release, environment, folder)
        print(f"model2vec {release}: {'; '.join(found) or 'fine'}", flush=True)
        failed = failed or bool(found)
    sys.exit(failed)


if __name__ == "__main__":
    main()
