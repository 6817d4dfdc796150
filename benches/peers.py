"""Who is measured by `compare.py`: this package and every other implementation that is there.

Each is loaded with a model folder and then timed in the same way. What is not installed, or does
not take the model, is told with the reason and never left out in silence.
"""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import tempfile
import time
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import m2v_fast
import model2vec
import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from benches.contenders import FAST, FAST_ALL, MODEL2VEC, NUMPY
from benches.reference import NumpyModel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Encode = Callable[[list[str]], Any]

ROOT = Path(__file__).resolve().parent.parent

FASTEMBED = "fastembed"
TOKIE = "tokie + numpy"
SENTENCE_TRANSFORMERS = "sentence-transformers"
MODEL2VEC_RS = "model2vec-rs, from Rust"
FAST_ENCODE = "m2v_fast, encode"
FAST_QUERIES = "m2v_fast, encode_queries"
OTHERS = (FASTEMBED, TOKIE, SENTENCE_TRANSFORMERS, MODEL2VEC_RS)

# fastembed knows its static models by name; the folder is what is loaded.
FASTEMBED_NAME = "minishlab/potion-base-8M"


class AbsentError(Exception):
    """An implementation cannot be measured; the message says why."""


class Contender(Protocol):
    """An implementation with a model loaded."""

    def renew(self) -> None:
        """Loads the model again: nothing was seen by it yet."""

    def vectors(self, texts: list[str]) -> NDArray[Any]:
        """Vectors of the texts."""

    def batch(self, texts: list[str]) -> float:
        """Seconds of one call with all texts."""

    def calls(self, texts: list[str], at_once: int) -> list[int]:
        """Nanoseconds of every call with so many texts, through all of them."""


class InProcess:
    """A Python function, timed from Python."""

    def __init__(self, make: Callable[[], Encode]) -> None:
        self._make = make
        self._encode = make()

    def renew(self) -> None:
        self._encode = self._make()

    def vectors(self, texts: list[str]) -> NDArray[Any]:
        return np.asarray(self._encode(texts))

    def batch(self, texts: list[str]) -> float:
        start = time.perf_counter()
        self._encode(texts)
        return time.perf_counter() - start

    def calls(self, texts: list[str], at_once: int) -> list[int]:
        encode, clock = self._encode, time.perf_counter_ns
        nanoseconds = []
        for batch in [texts[i : i + at_once] for i in range(0, len(texts), at_once)]:
            start = clock()
            encode(batch)
            nanoseconds.append(clock() - start)
        return nanoseconds


class Child:
    """A program of `rust/peers`, which times itself: there is no Python between."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._process = subprocess.Popen(
            [str(program), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._scratch = tempfile.TemporaryDirectory()
        self._texts: list[str] = []
        self._ask("texts", self._write([]))

    def _ask(self, *command: object) -> Any:
        stdin, stdout, stderr = (
            self._process.stdin,
            self._process.stdout,
            self._process.stderr,
        )
        assert stdin is not None
        assert stdout is not None
        assert stderr is not None
        answer = ""
        try:
            stdin.write(" ".join(map(str, command)) + "\n")
            stdin.flush()
            answer = stdout.readline()
        except BrokenPipeError:
            pass
        if not answer:
            raise AbsentError(stderr.read().strip() or "the program ended")
        return json.loads(answer)

    def _write(self, texts: list[str]) -> Path:
        file = Path(self._scratch.name) / "texts"
        file.write_text("".join(json.dumps(text) + "\n" for text in texts), encoding="utf-8")
        return file

    def _use(self, texts: list[str]) -> None:
        if texts != self._texts:
            self._ask("texts", self._write(texts))
            self._texts = texts

    def renew(self) -> None:
        self._ask("load")

    def vectors(self, texts: list[str]) -> NDArray[Any]:
        self._use(texts)
        file = Path(self._scratch.name) / "vectors"
        width: int = self._ask("vectors", file)
        return np.fromfile(file, dtype="<f4").reshape(len(texts), width)

    def batch(self, texts: list[str]) -> float:
        self._use(texts)
        return float(self._ask("batch"))

    def calls(self, texts: list[str], at_once: int) -> list[int]:
        self._use(texts)
        nanoseconds: list[int] = self._ask("calls", at_once)
        return nanoseconds

    def close(self) -> None:
        """Ends the program."""
        self._process.communicate()
        self._scratch.cleanup()


class TokieModel(NumpyModel):
    """The NumPy reference with ids from tokie."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._tokie = _module("tokie").Tokenizer.from_json(str(folder / "tokenizer.json"))
        self._tokie.no_padding()
        self._tokie.no_truncation()

    def ids(self, texts: Sequence[str], max_length: int | None) -> list[list[int]]:
        if max_length is not None:
            texts = [text[: max_length * self.median_token_length] for text in texts]
        encode = self._tokie.encode  # encode_batch is no faster on one thread
        found = [encode(text, False).ids[:max_length] for text in texts]
        return [[i for i in ids if i != self.unk_id] for ids in found]


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise AbsentError("not installed") from error


def _model2vec(folder: Path) -> Encode:
    return partial(model2vec.StaticModel.from_pretrained(folder).encode, use_multiprocessing=False)


def _fastembed(folder: Path) -> Encode:
    model = _module("fastembed").TextEmbedding(
        FASTEMBED_NAME, cache_dir=str(folder), specific_model_path=str(folder)
    )
    return lambda texts: list(model.embed(texts))


def _sentence_transformers(folder: Path) -> Encode:
    torch, package = _module("torch"), _module("sentence_transformers")
    try:  # since 6
        modules = importlib.import_module("sentence_transformers.sentence_transformer.modules")
    except ImportError:
        modules = _module("sentence_transformers.models")
    tensors = load_file(folder / "model.safetensors")
    if set(tensors) != {"embeddings"}:
        raise AbsentError("takes no weights and no mapping")
    if tensors["embeddings"].dtype != np.float32:
        raise AbsentError("measured on float32 only")
    torch.set_num_threads(1)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    static = modules.StaticEmbedding(tokenizer, embedding_weights=tensors["embeddings"])
    model = package.SentenceTransformer(modules=[static], device="cpu")
    normalize = NumpyModel(folder).normalize
    return partial(model.encode, normalize_embeddings=normalize, show_progress_bar=False)


def _fast(folder: Path, backend: str | None = None) -> m2v_fast.StaticModel:
    model = m2v_fast.StaticModel.from_pretrained(folder)
    return model if backend is None else model._with_backend(backend)


def _kernel(backend: str) -> str:
    return f"m2v_fast, 1 thread, {backend}"


class Field:
    """All contenders with one model: those that run, and why the others do not."""

    def __init__(self, folder: Path, *, others: bool, kernels: Sequence[str], programs: Path):
        self.folder = folder
        self.absent: dict[str, str] = {}
        self._contenders: dict[str, Contender] = {}
        self._add(MODEL2VEC, partial(_model2vec, folder))
        self._add(NUMPY, lambda: NumpyModel(folder).encode)
        if others:
            self._try(FASTEMBED, lambda: self._add(FASTEMBED, partial(_fastembed, folder)))
            self._try(TOKIE, lambda: self._add(TOKIE, lambda: TokieModel(folder).encode))
            self._try(
                SENTENCE_TRANSFORMERS,
                lambda: self._add(SENTENCE_TRANSFORMERS, partial(_sentence_transformers, folder)),
            )
            self._try(MODEL2VEC_RS, lambda: self._add_child(MODEL2VEC_RS, programs))
        self._add(FAST, lambda: partial(_fast(folder).encode, num_threads=1))
        self._add(FAST_ALL, lambda: _fast(folder).encode)
        # As a user calls them: without arguments, the default number of threads.
        self._add(FAST_ENCODE, lambda: _fast(folder).encode)
        function = m2v_fast.Model2VecEmbeddingFunction
        self._add(FAST_QUERIES, lambda: function(folder).encode_queries)
        self.kernels = [_kernel(backend) for backend in kernels]
        for name, backend in zip(self.kernels, kernels, strict=True):
            self._add(name, partial(self._on_kernel, backend))

    def _on_kernel(self, backend: str) -> Encode:
        return partial(_fast(self.folder, backend).encode, num_threads=1)

    def _add(self, name: str, make: Callable[[], Encode]) -> None:
        self._contenders[name] = InProcess(make)

    def _add_child(self, name: str, programs: Path) -> None:
        program = programs / "peer-model2vec-rs"
        if not program.exists():
            raise AbsentError("not installed (rust/peers is not built)")
        self._contenders[name] = Child(program, self.folder)

    def _try(self, name: str, do: Callable[[], object]) -> None:
        """Does something with another implementation, which is left out if it fails."""
        try:
            do()
        except (KeyboardInterrupt, SystemExit):
            raise
        except AbsentError as reason:
            self._leave_out(name, str(reason))
        except BaseException as error:  # a panic in Rust is no Exception
            text = str(error).strip().partition("\n")[0]
            self._leave_out(name, f"cannot run: {type(error).__name__}: {text}")

    def check(self, texts: list[str]) -> None:
        """Leaves out the implementations that fail with these texts."""
        for name in OTHERS:
            if name in self._contenders:
                self._try(name, partial(self._contenders[name].vectors, texts))

    def _leave_out(self, name: str, reason: str) -> None:
        self.absent[name] = reason
        left = self._contenders.pop(name, None)
        if isinstance(left, Child):
            left.close()

    def of_batches(self) -> dict[str, Contender]:
        """Those that encode many texts."""
        return self._named(FAST, FAST_ALL)

    def of_queries(self) -> dict[str, Contender]:
        """Those that encode queries."""
        return self._named(FAST_ENCODE, FAST_QUERIES)

    def _named(self, *ours: str) -> dict[str, Contender]:
        names = (MODEL2VEC, NUMPY, *OTHERS, *ours, *self.kernels)
        return {name: self._contenders[name] for name in names if name in self._contenders}

    def close(self) -> None:
        """Ends the programs."""
        for contender in self._contenders.values():
            if isinstance(contender, Child):
                contender.close()


def agreement(actual: NDArray[Any], expected: NDArray[np.float32]) -> dict[str, float]:
    """How near vectors are: share equal to the bit, largest difference, smallest cosine."""
    wide = np.ascontiguousarray(actual, dtype=np.float32)
    same = (wide.view(np.uint32) == expected.view(np.uint32)).all(axis=1)
    mine, theirs = wide.astype(np.float64), expected.astype(np.float64)
    lengths = np.linalg.norm(mine, axis=1), np.linalg.norm(theirs, axis=1)
    products = np.maximum(lengths[0] * lengths[1], 1e-30)
    cosines = (mine * theirs).sum(axis=1) / products
    cosines[(lengths[0] == 0) & (lengths[1] == 0)] = 1
    return {
        "equal": float(same.mean()),
        "largest_difference": float(np.abs(mine - theirs).max()),
        "smallest_cosine": float(cosines.min()),
    }


def same_ids(actual: NDArray[Any], expected: NDArray[np.float32]) -> float:
    """Share of texts that have the reference's ids, by vectors over a matrix of random rows.

    Not every implementation tells its ids. Over random rows, one id more, fewer or other turns a
    normalized vector by far more than rounding does; their order makes no difference to the mean.
    """
    return float((np.abs(actual.astype(np.float32) - expected).max(axis=1) <= 1e-5).mean())


def versions() -> dict[str, str]:
    """Versions of the other implementations, or that they are not installed."""
    found = {}
    for name in ("fastembed", "tokie", "sentence-transformers", "torch"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    lock = ROOT / "rust" / "peers" / "Cargo.lock"
    text = lock.read_text(encoding="utf-8") if lock.exists() else ""
    match = re.search(r'name = "model2vec-rs"\nversion = "([^"]+)"', text)
    found["model2vec-rs"] = match[1] if match else "unknown"
    return found
