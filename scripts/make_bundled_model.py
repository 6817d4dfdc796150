#!/usr/bin/env python3
"""Shrink a Model2Vec model to the one that travels inside the package, and measure the cost.

The step before this one turns a sentence transformer into a Model2Vec model. It needs torch, so it
is not part of this script. Install ``model2vec[distill]`` (the bundled model was made with 0.10.0
and torch 2.13 on a CPU), then run this once, about a minute on two cores; the folder it writes is
the SOURCE below::

    from model2vec.distill import distill

    # A local folder holding the transformer's files may stand in place of the name.
    static = distill("sentence-transformers/all-MiniLM-L6-v2", pca_dims=256, device="cpu")
    static.save_pretrained("SOURCE")

From there this script takes over, with NumPy, safetensors and tokenizers only:

``measure SOURCE CORPUS...``
    For many widths and number formats: how large the files are when packed, how much of each
    paragraph's neighbourhood survives, and how often a first sentence still finds its paragraph.
``make SOURCE OUT --width W --dtype D``
    Writes the chosen one. Same input, same bytes.

How the int8 formats work. Cosine similarity does not change when a whole matrix is multiplied by
one number, so no scale has to be stored: a value is divided by a step and rounded. ``--peak`` sets
the step by saying which integer the largest magnitude in the matrix becomes. 127 uses the full
range of int8. Above 127 the step is finer and the few largest values are cut off at 127. Below 127
the step is coarser: the file has as many bytes, but fewer different ones, so it packs better.
``int8-rows`` gives every token a step of its own and keeps it in the optional float16 tensor
``weights``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import re
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save
from tokenizers import Tokenizer

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

DTYPES = ("float16", "int8", "int8-rows")
INT8_MAX = 127
NEIGHBOURS = 10
# A text of fewer ids says more about those few rows than about the model.
MIN_PARAGRAPH_IDS = 8
MIN_FIRST_IDS = 5
MIN_REST_IDS = 10
# Texts pooled, and similarity rows held, at a time: bounds memory, changes no result.
CHUNK = 512

SENTENCE_END = re.compile(r"[.!?]\s+|[\u3002\uff01\uff1f]")  # the last three: CJK


class BadInputError(Exception):
    """Something the caller handed over cannot be used; the message says what and why."""


@dataclass(frozen=True)
class Source:
    """The model to shrink: float32 rows, and its two JSON files parsed."""

    rows: Floats
    config: dict[str, Any]
    tokenizer: dict[str, Any]


@dataclass(frozen=True)
class Candidate:
    """One way to store the rows. `peak` is None for float16."""

    width: int
    dtype: str
    peak: int | None

    @property
    def label(self) -> str:
        """Name the number format for the table."""
        return self.dtype if self.peak is None else f"{self.dtype}, peak {self.peak}"


@dataclass(frozen=True)
class Static:
    """The tensors of a shrunken model, as they go into model.safetensors."""

    embeddings: NDArray[Any]
    weights: NDArray[np.float16] | None = None

    def to_bytes(self) -> bytes:
        """Serialize as safetensors, whose layout depends on the tensors alone."""
        tensors: dict[str, NDArray[Any]] = {"embeddings": self.embeddings}
        if self.weights is not None:
            tensors["weights"] = self.weights
        return save(tensors)


@dataclass(frozen=True)
class Corpus:
    """A corpus as token ids: distinct paragraphs, which of them to probe, and sentence pairs."""

    name: str
    paragraphs: list[Ids]
    probes: Ids
    firsts: list[Ids]
    rests: list[Ids]


@dataclass(frozen=True)
class Score:
    """What a candidate is worth on one corpus."""

    overlap: float
    hit: float
    mrr: float


# --- reading ------------------------------------------------------------------------------------


def read_source(folder: Path) -> Source:
    """Load a plain float Model2Vec folder."""
    tensors = load_file(folder / "model.safetensors")
    if set(tensors) != {"embeddings"}:
        raise BadInputError(
            f"{folder}: expected the tensor `embeddings` alone, found {sorted(tensors)}; "
            "start from a model that is not quantized yet"
        )
    rows = tensors["embeddings"]
    if rows.ndim != 2 or rows.dtype not in (np.float16, np.float32):
        raise BadInputError(f"{folder}: rows must be a float16 or float32 matrix, not {rows.dtype}")
    wide = rows.astype(np.float32)
    if not np.isfinite(wide).all() or not wide.any():
        raise BadInputError(f"{folder}: the rows must be finite and not all zero")
    return Source(
        rows=wide,
        config=json.loads((folder / "config.json").read_text(encoding="utf-8")),
        tokenizer=json.loads((folder / "tokenizer.json").read_text(encoding="utf-8")),
    )


def read_texts(path: Path, field: str) -> Iterator[str]:
    """Yield the texts of a .jsonl file, or the lines of any other; both may be gzipped."""
    opener = gzip.open if path.suffix == ".gz" else open
    is_json = path.name.removesuffix(".gz").endswith(".jsonl")
    with opener(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            text: Any = line.strip()
            if text and is_json:
                record = json.loads(text)
                text = record.get(field) if isinstance(record, dict) else None
                if not isinstance(text, str):
                    raise BadInputError(f"{path}:{number}: no text in the field {field!r}")
            if text:
                yield text


def first_sentence(text: str) -> tuple[str, str] | None:
    """Split one line of prose after its first sentence; None for code, lists and headings."""
    if "\n" in text:
        return None
    end = SENTENCE_END.search(text)
    return None if end is None else (text[: end.end()].strip(), text[end.end() :].strip())


class Encoder:
    """Texts to token ids, the way Model2Vec wants them: no padding, no specials, no unknowns."""

    def __init__(self, source: Source) -> None:
        model = source.tokenizer["model"]
        self._tokenizer = Tokenizer.from_str(json.dumps(harmless(source.tokenizer)))
        self._tokenizer.enable_truncation(source.config.get("max_length") or 512)
        unknown = model.get("unk_token")
        self._unknown: int | None = (
            model.get("unk_id") if unknown is None else self._tokenizer.token_to_id(unknown)
        )

    def __call__(self, texts: Sequence[str]) -> list[Ids]:
        """Tokenize many texts at once."""
        out = []
        for encoding in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False):
            ids = np.array(encoding.ids, dtype=np.int64)
            out.append(ids if self._unknown is None else ids[ids != self._unknown])
        return out


def bag(ids: Ids) -> bytes:
    """Identify a text by what pooling can see of it: its ids without their order."""
    return np.sort(ids).tobytes()


def read_corpus(path: Path, field: str, encode: Encoder, probes: int, seed: int) -> Corpus:
    """Tokenize a corpus once, drop what pooling cannot tell apart, draw the probes."""
    texts = list(read_texts(path, field))
    paragraphs: list[Ids] = []
    splits: list[tuple[str, str]] = []
    seen: set[bytes] = set()
    for text, ids in zip(texts, encode(texts), strict=True):
        key = bag(ids)
        if len(ids) < MIN_PARAGRAPH_IDS or key in seen:
            continue
        seen.add(key)
        paragraphs.append(ids)
        split = first_sentence(text)
        if split is not None:
            splits.append(split)

    firsts: list[Ids] = []
    rests: list[Ids] = []
    seen.clear()
    heads = encode([head for head, _ in splits])
    tails = encode([tail for _, tail in splits])
    for head, tail in zip(heads, tails, strict=True):
        key = bag(tail)
        if len(head) >= MIN_FIRST_IDS and len(tail) >= MIN_REST_IDS and key not in seen:
            seen.add(key)
            firsts.append(head)
            rests.append(tail)

    if len(paragraphs) <= NEIGHBOURS + 1 or len(rests) <= NEIGHBOURS:
        raise BadInputError(f"{path}: too few paragraphs ({len(paragraphs)}) or pairs to measure")
    drawn = np.random.default_rng(seed).permutation(len(paragraphs))[:probes]
    return Corpus(path.name.split(".")[0], paragraphs, np.sort(drawn), firsts, rests)


# --- shrinking ----------------------------------------------------------------------------------


def shrink(rows: Floats, candidate: Candidate) -> Static:
    """Narrow the rows to the first columns and store them as the candidate says.

    The columns of a distilled model are principal components, the strongest first, so cutting
    from the right loses the least.
    """
    narrow = np.ascontiguousarray(rows[:, : candidate.width])
    if candidate.dtype == "float16":
        return Static(narrow.astype(np.float16))
    peak = candidate.peak or INT8_MAX
    magnitude = np.abs(narrow)
    if candidate.dtype == "int8":
        return Static(round_rows(narrow, magnitude.max() / peak))
    # The scale is free here too: the largest weight is 1, which keeps the small ones out of
    # float16's subnormal range. A row of zeros takes any step.
    steps = magnitude.max(axis=1)
    steps[steps == 0] = steps.max()
    weights = (steps / steps.max()).astype(np.float16)
    return Static(round_rows(narrow, steps[:, None] / peak), weights)


def round_rows(rows: Floats, step: np.float32 | Floats) -> NDArray[np.int8]:
    """Divide by the step and round to int8, leaving no row that was something as nothing.

    Tokens that come first in the vocabulary (punctuation, digits, letters) have tiny rows. One
    that rounds to zero altogether would make a text of that token alone a zero vector, so such a
    row keeps the sign of its largest value. The measurements do not notice.
    """
    scaled = rows / step
    whole: NDArray[np.int8] = np.clip(np.rint(scaled), -INT8_MAX, INT8_MAX).astype(np.int8)
    lost = np.flatnonzero(~whole.any(axis=1) & rows.any(axis=1))
    largest = np.abs(rows[lost]).argmax(axis=1)
    whole[lost, largest] = np.sign(rows[lost, largest]).astype(np.int8)
    return whole


def harmless(tokenizer: dict[str, Any]) -> dict[str, Any]:
    """Drop truncation and padding: both belong to the caller, and Model2Vec overrides them."""
    return {**tokenizer, "truncation": None, "padding": None}


def tokenizer_bytes(source: Source) -> bytes:
    """Write tokenizer.json without white space; keys keep their order."""
    text = json.dumps(harmless(source.tokenizer), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8")


def config_bytes(source: Source, static: Static) -> bytes:
    """Write config.json: the source's, with what changed."""
    config = {
        **source.config,
        "hidden_dim": int(static.embeddings.shape[1]),
        "normalize": True,
        "max_length": source.config.get("max_length") or 512,
        "embedding_dtype": static.embeddings.dtype.name,
    }
    return (json.dumps(config, indent=4, ensure_ascii=False) + "\n").encode("utf-8")


def packed_size(data: bytes) -> int:
    """Count the bytes that raw deflate at level 9 makes of a file, as in a zip or a wheel."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return len(deflate.compress(data)) + len(deflate.flush())


# --- measuring ----------------------------------------------------------------------------------


def pool(static: Static, texts: Sequence[Ids]) -> Floats:
    """Turn each text into the unit vector of its rows' sum; the count cancels in the norm."""
    out = np.empty((len(texts), static.embeddings.shape[1]), dtype=np.float32)
    for start in range(0, len(texts), CHUNK):
        chunk = texts[start : start + CHUNK]
        ids = np.concatenate(chunk)
        rows = static.embeddings[ids].astype(np.float32)
        if static.weights is not None:
            rows *= static.weights[ids].astype(np.float32)[:, None]
        bounds = np.cumsum([0, *(len(text) for text in chunk[:-1])])
        out[start : start + CHUNK] = np.add.reduceat(rows, bounds, axis=0)
    np.divide(out, np.linalg.norm(out, axis=1, keepdims=True) + 1e-32, out=out)
    return out


def neighbours(static: Static, corpus: Corpus) -> Ids:
    """List the nearest paragraphs of every probe, itself excluded, in no order."""
    vectors = pool(static, corpus.paragraphs)
    found = np.empty((len(corpus.probes), NEIGHBOURS), dtype=np.int64)
    for start in range(0, len(corpus.probes), CHUNK):
        probes = corpus.probes[start : start + CHUNK]
        scores = vectors[probes] @ vectors.T
        scores[np.arange(len(probes)), probes] = -np.inf
        best = np.argpartition(scores, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS:]
        found[start : start + CHUNK] = best
    return found


def ranks(static: Static, corpus: Corpus) -> Ids:
    """Give the place, from 0, of each first sentence's own rest among all rests; ties lose."""
    firsts, rests = pool(static, corpus.firsts), pool(static, corpus.rests)
    places = np.empty(len(firsts), dtype=np.int64)
    for start in range(0, len(firsts), CHUNK):
        scores = firsts[start : start + CHUNK] @ rests.T
        own = scores[np.arange(len(scores)), start + np.arange(len(scores))]
        places[start : start + CHUNK] = (scores >= own[:, None]).sum(axis=1) - 1
    return places


def score(static: Static, corpus: Corpus, reference: Ids) -> Score:
    """Compare a candidate's neighbours with the full model's and rank its sentence pairs."""
    pairs = zip(neighbours(static, corpus), reference, strict=True)
    shared = [len(np.intersect1d(mine, full)) for mine, full in pairs]
    places = ranks(static, corpus)
    gain = np.where(places < NEIGHBOURS, 1 / (places + 1), 0)
    return Score(
        overlap=float(np.mean(shared)) / NEIGHBOURS,
        hit=float(np.mean(places == 0)),
        mrr=float(gain.mean()),
    )


def candidates(
    widths: Sequence[int], dtypes: Sequence[str], peaks: Sequence[int]
) -> Iterator[Candidate]:
    """Combine widths, formats and, for the int8 formats, peaks."""
    for width in widths:
        for dtype in dtypes:
            if dtype == "float16":
                yield Candidate(width, dtype, None)
                continue
            for peak in peaks:
                # A row's own step has nothing to gain from cutting off its largest value.
                if dtype == "int8" or peak <= INT8_MAX:
                    yield Candidate(width, dtype, peak)


def measure(args: argparse.Namespace) -> None:
    """Print the table of every candidate on every corpus."""
    source = read_source(args.source)
    check_widths(args.widths, source)
    encode = Encoder(source)
    corpora = [
        read_corpus(path, args.field, encode, args.probes, args.seed) for path in args.corpus
    ]
    tokenizer_size = packed_size(tokenizer_bytes(source))
    full = Static(source.rows)
    references = [neighbours(full, corpus) for corpus in corpora]

    heads = ["width", "stored as", "packed bytes"]
    for corpus in corpora:
        heads += [f"{corpus.name} {column}" for column in ("overlap@10", "hit@1", "MRR@10")]
    print("|", " | ".join(heads), "|")
    print("|--:|:--|" + "--:|" * (len(heads) - 2))

    def row(width: int, label: str, size: str, static: Static) -> None:
        cells = [str(width), label, size]
        for corpus, reference in zip(corpora, references, strict=True):
            result = score(static, corpus, reference)
            cells += [f"{result.overlap:.3f}", f"{result.hit:.3f}", f"{result.mrr:.3f}"]
        print("|", " | ".join(cells), "|", flush=True)

    row(source.rows.shape[1], "(source)", "", full)
    for candidate in candidates(args.widths, args.dtypes, args.peaks):
        static = shrink(source.rows, candidate)
        size = packed_size(static.to_bytes()) + tokenizer_size
        row(candidate.width, candidate.label, f"{size:,}", static)

    print()
    for corpus, reference in zip(corpora, references, strict=True):
        hit = score(full, corpus, reference).hit
        error = math.sqrt(hit * (1 - hit) / len(corpus.rests))
        print(
            f"{corpus.name}: {len(corpus.probes):,} probes among {len(corpus.paragraphs):,} "
            f"paragraphs, {len(corpus.rests):,} sentence pairs, "
            f"standard error of hit@1 {error:.3f}"
        )
    print(f"tokenizer.json alone: {tokenizer_size:,} packed bytes (counted in every row)")


# --- making -------------------------------------------------------------------------------------


def make(args: argparse.Namespace) -> None:
    """Write the three files of the chosen model."""
    source = read_source(args.source)
    check_widths([args.width], source)
    peak = None if args.dtype == "float16" else args.peak
    static = shrink(source.rows, Candidate(args.width, args.dtype, peak))
    files = {
        "config.json": config_bytes(source, static),
        "model.safetensors": static.to_bytes(),
        "tokenizer.json": tokenizer_bytes(source),
    }
    Tokenizer.from_str(files["tokenizer.json"].decode("utf-8"))  # raises if it does not parse
    args.out.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (args.out / name).write_bytes(data)
        print(f"{args.out / name}: {len(data):,} bytes, {packed_size(data):,} packed")


# --- command line -------------------------------------------------------------------------------


def check_widths(widths: Sequence[int], source: Source) -> None:
    """Refuse widths that the source does not have."""
    limit = source.rows.shape[1]
    for width in widths:
        if width > limit:
            raise BadInputError(f"width {width}: the source has only {limit} columns")


def positive(text: str) -> int:
    """Parse a whole number of at least 1, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return number


def arguments() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    one = commands.add_parser("measure", help="print a Markdown table of size and quality")
    one.set_defaults(run=measure)
    one.add_argument("source", type=Path, help="folder of the full float model")
    one.add_argument(
        "corpus",
        type=Path,
        nargs="+",
        help=".jsonl, or plain text with a paragraph a line; either may end in .gz",
    )
    one.add_argument("--field", default="text", help="field of a .jsonl line (default: text)")
    one.add_argument("--widths", type=positive, nargs="+", default=[32, 48, 64, 96, 128, 192, 256])
    one.add_argument("--dtypes", choices=DTYPES, nargs="+", default=["float16", "int8"])
    one.add_argument(
        "--peaks",
        type=positive,
        nargs="+",
        default=[INT8_MAX],
        help="integers for the largest magnitude under int8 (default: 127)",
    )
    one.add_argument(
        "--probes", type=positive, default=2000, help="paragraphs to find neighbours of"
    )
    one.add_argument("--seed", type=int, default=0, help="which paragraphs are drawn as probes")

    two = commands.add_parser("make", help="write the shrunken model")
    two.set_defaults(run=make)
    two.add_argument("source", type=Path, help="folder of the full float model")
    two.add_argument("out", type=Path, help="folder to write; made if missing")
    two.add_argument("--width", type=positive, required=True, help="columns to keep")
    two.add_argument("--dtype", choices=DTYPES, required=True, help="how to store a value")
    two.add_argument(
        "--peak",
        type=positive,
        default=INT8_MAX,
        help="integer for the largest magnitude under int8 (default: 127)",
    )
    return parser


def main() -> int:
    """Run one command; bad input ends in a message, not a traceback."""
    args = arguments().parse_args()
    try:
        args.run(args)
    except (BadInputError, OSError, SafetensorError, json.JSONDecodeError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
