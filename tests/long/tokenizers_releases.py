"""What m2v_fast does with releases of the package `tokenizers`, and what it says it cannot.

usage: python -m tests.long.tokenizers_releases FOLDER [--wheel FILE] [RELEASE ...]

`make test-tokenizers-releases` runs it. Each release gets an environment of its own in FOLDER.
"newest" is the newest one there is, before its release, too. Without it vectors are the same; what
the release itself lacks must end in an error that says so and what to do instead.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

from tests.long.environments import Environment, make

RELEASES = ("0.21.0", "0.23.3", "newest")

#: What a release from 1.0 on may refuse, and in which words.
REFUSED = {
    "from a tokenizer": r"TypeError: this release of the package tokenizers .* 'tokenizers<1'",
    "assigned tokenizer": r"TypeError: this release of the package tokenizers .* 'tokenizers<1'",
    # It has neither parts that can be looked at nor the classes to make them of.
    "changed normalizer": r"AttributeError: module 'tokenizers' has no attribute 'normalizers'",
}

PROGRAM = """
import copy, hashlib, json, pickle, sys, tempfile
import numpy as np
import tokenizers
from m2v_fast import BUNDLED_MODEL, StaticModel, quantize_model

TEXTS = ["Where do tides come from?", "Zwölf Boxkämpfer", "向量数据库 👍", "", "word " * 600]

def load(**options):
    return StaticModel.from_pretrained(BUNDLED_MODEL, **options)

def digest(model):
    return hashlib.sha256(model.encode(TEXTS).tobytes()).hexdigest()

def saved():
    with tempfile.TemporaryDirectory() as folder:
        load(dimensionality=16).save_pretrained(folder)
        return digest(StaticModel.from_pretrained(folder, memory_map=False))

def library():
    return load().tokenizer

def ids():
    model = load()
    object = model.tokenizer
    theirs = [list(e.ids) for e in object.encode_batch(TEXTS, add_special_tokens=False)]
    unknown = model.unk_token_id
    theirs = [[i for i in some if i != unknown] for some in theirs]
    assert theirs == model.tokenize(TEXTS), "the tokenizer object has other ids"
    return len(theirs[-1])

def made():
    model = load()
    return digest(StaticModel(np.array(model.embedding), model.tokenizer, normalize=True))

def assigned():
    model = load()
    model.tokenizer = load().tokenizer
    return digest(model)

def truncation():
    model = load()
    object = model.tokenizer
    lengths = []
    for length in (7, None, 3):
        if hasattr(tokenizers, "Truncation"):  # 1.0
            object.truncation = None if length is None else tokenizers.Truncation(length)
        else:
            object.no_truncation() if length is None else object.enable_truncation(length)
        lengths.append([len(some) for some in model.tokenize(TEXTS)])
        model.encode(TEXTS)  # sets it back
        lengths.append([len(some) for some in model.tokenize(TEXTS)])
    return lengths

def left():
    model = load()
    if hasattr(tokenizers, "Truncation"):  # 1.0
        model.tokenizer.truncation = tokenizers.Truncation(7, direction="left")
    else:
        model.tokenizer.enable_truncation(7, direction="left")
    try:
        model.tokenize(TEXTS)
    except ValueError as error:
        return str(error)

def normalizer():
    model = load()
    model.tokenizer.normalizer = tokenizers.normalizers.BertNormalizer(lowercase=False)
    return digest(model)

def limit():
    model = load()
    model.tokenizer
    model.max_length = 9
    first = [len(some) for some in model.tokenize(TEXTS)]
    return first + [len(model.tokenizer.encode(TEXTS[-1], add_special_tokens=False).ids)]

CASES = {
    "loading": lambda: digest(load()),
    "tokenize": lambda: hashlib.sha256(json.dumps(load().tokenize(TEXTS)).encode()).hexdigest(),
    "tokens": lambda: hashlib.sha256("\\n".join(load().tokens).encode()).hexdigest(),
    "quantize_to": lambda: digest(load(quantize_to="float16")),
    "dimensionality": lambda: digest(load(dimensionality=16)),
    "quantize_model": lambda: digest(quantize_model(load(), quantize_to="float64")),
    "save_pretrained": saved,
    "pickle": lambda: digest(pickle.loads(pickle.dumps(load()))),
    "copies": lambda: [digest(copy.copy(load())), digest(copy.deepcopy(load()))],
    "assigned rows": lambda: digest(setattr(m := load(), "embedding", m.embedding[:, :8]) or m),
    "tokenizer": lambda: type(library()).__name__,
    "ids of the tokenizer": ids,
    "max_length": limit,
    "pickle after the tokenizer": lambda: digest(
        pickle.loads(pickle.dumps([m := load(), m.tokenizer] and m))
    ),
    "encode after the tokenizer": lambda: digest([m := load(), m.tokenizer] and m),
    "from a tokenizer": made,
    "assigned tokenizer": assigned,
    "changed truncation": truncation,
    "truncation from the left": left,
    "changed normalizer": normalizer,
}
found = {}
for name, case in CASES.items():
    try:
        found[name] = case()
    except Exception as error:
        found[name] = {"error": f"{type(error).__name__}: {error}"}
print(json.dumps([tokenizers.__version__, found]))
"""


def results(environment: Environment, folder: Path) -> tuple[str, dict[str, object]]:
    """Run the program, and return the release and what each case gave."""
    program = folder / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    done = environment.run(program)
    if done.returncode:
        sys.exit(f"exit code {done.returncode}\n{done.stderr}")
    version, found = json.loads(done.stdout.splitlines()[-1])
    return version, found


def problems(version: str, found: dict[str, object], judge: dict[str, object]) -> list[str]:
    """Return the cases that are neither as with the judge's release nor refused as they may be."""
    refused = REFUSED if int(version.partition(".")[0]) >= 1 else {}
    wrong = []
    for name, result in found.items():
        if result == judge[name]:
            continue
        error = result.get("error") if isinstance(result, dict) else None
        if error is None or name not in refused or not re.fullmatch(refused[name], error, re.S):
            wrong.append(f"{name}: {result}")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description="m2v_fast beside releases of tokenizers")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--wheel", type=Path)
    parser.add_argument("releases", nargs="*", default=list(RELEASES))
    arguments = parser.parse_args()
    all_found = []
    for release in arguments.releases:
        folder = (arguments.folder / release).resolve()
        newest = release == "newest"
        requirement = "tokenizers" if newest else f"tokenizers=={release}"
        more = ("--pre", "--upgrade") if newest else ()
        environment = make(folder / "venv", requirement, arguments.wheel, *more)
        all_found.append(results(environment, folder))
    judges = [found for version, found in all_found if version == "0.23.3"]
    if not judges:
        sys.exit("0.23.3, which decides, must be among the releases")
    failed = False
    if errors := [name for name, result in judges[0].items() if isinstance(result, dict)]:
        sys.exit(f"tokenizers 0.23.3 fails: {errors}, {judges[0]}")
    for version, found in all_found:
        wrong = problems(version, found, judges[0])
        same = sum(result == judges[0][name] for name, result in found.items())
        print(f"tokenizers {version}: {same} of {len(found)} as with 0.23.3", *wrong, sep="\n  ")
        failed = failed or bool(wrong)
    sys.exit(failed)


if __name__ == "__main__":
    main()
