"""How each implementation is imported and loaded; and the program of the process it runs in.

This file is given to a new interpreter as it is (`python -c`), so that nothing of this package and
no library is imported there before the implementation itself: what that takes is measured, too.

    serve WAY FOLDER          reads one command a line, writes one line of JSON after each:
        texts FILE            takes the texts of a file, a JSON string a line; tells how many
        load                  loads the model again, so that its caches are cold; the seconds
        batch SECONDS         encodes all texts in one call, again for so long; the mean seconds
                              and how many passes there were (or the seconds of one pass alone)
        calls COUNT           encodes the texts in calls of COUNT; the nanoseconds of each
        vectors FILE          writes the vectors one after the other; width, or width and dtype.
                              What makes none writes ids, a JSON list a line; "ids"
    fresh WAY FOLDER FILE     imports, loads, and encodes for the first time; what that took

WAY is a JSON list: the name of a way and its options. A program of another language may `serve`,
and so may another interpreter: this file itself needs no package but NumPy.
"""

from __future__ import annotations

import time

_START = time.perf_counter()

import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Encode = Callable[[list[str]], Any]
    Way = tuple[str, Callable[[str, dict[str, Any]], Encode]]

# fastembed knows its static models by name; the folder is what is loaded.
_FASTEMBED_NAME = "minishlab/potion-base-8M"

# As many as model2vec takes at once.
_RUNNER_BATCH = 1024

# One in each of several scripts, so that nothing that is put off to the first of them is left out.
FIRST = (
    "a first query",
    "crème brûlée",
    "поиск",
    "向量数据库",
    "ベクトル検索",
    "벡터 검색",
    "ค้นหา",
    "\U0001f600",
)


def _model2vec(folder: str, options: dict[str, Any]) -> Encode:
    from model2vec import StaticModel

    model = StaticModel.from_pretrained(folder)
    return lambda texts: model.encode(texts, use_multiprocessing=False)


def _m2v_fast(folder: str, options: dict[str, Any]) -> Encode:
    from m2v_fast import StaticModel

    memory_map = options.get("memory_map", True)
    model = StaticModel.from_pretrained(
        folder, index=options.get("index", True), memory_map=memory_map
    )
    if "backend" in options:
        model = model._with_backend(options["backend"])
    if "threads" not in options:  # as a user calls it
        return model.encode
    threads: int | None = options["threads"]
    return lambda texts: model.encode(texts, num_threads=threads)


def _embedding_function(folder: str, options: dict[str, Any]) -> Encode:
    from m2v_fast import Model2VecEmbeddingFunction

    return Model2VecEmbeddingFunction(folder).encode_queries


def _numpy(folder: str, options: dict[str, Any]) -> Encode:
    from m2v_fast import StaticModel
    from m2v_fast.reference import Reference

    return Reference(StaticModel.from_pretrained(folder)).encode


def _tokie(folder: str, options: dict[str, Any]) -> Encode:
    from tokie import Tokenizer

    from m2v_fast import StaticModel
    from m2v_fast.reference import Reference

    reference = Reference(StaticModel.from_pretrained(folder))
    tokenizer = Tokenizer.from_json(os.path.join(folder, "tokenizer.json"))  # noqa: PTH118
    tokenizer.no_padding()
    tokenizer.no_truncation()
    most, unknown = reference.max_length, reference.unknown

    def encode(texts: list[str]) -> Any:
        # encode_batch is no faster on one thread
        found = [tokenizer.encode(text, False).ids[:most] for text in reference.cut(texts)]
        return reference.pool([[i for i in ids if i != unknown] for ids in found])

    return encode


def _tokenizers(folder: str, options: dict[str, Any]) -> Encode:
    from tokenizers import Tokenizer

    tokenizer: Any = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))  # noqa: PTH118
    most = _config(folder).get("max_length", 512)
    if not hasattr(tokenizer, "encode_batch_fast"):  # since 1.0 there are no offsets to do without
        from tokenizers import Truncation

        if not options.get("as_started"):
            # A thread for each processor, whatever a variable says, unless there is but one.
            if not hasattr(os, "sched_setaffinity"):
                raise OSError("nothing but Linux keeps it on one thread")
            os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        tokenizer.padding = None
        tokenizer.truncation = None if most is None else Truncation(most)
        return lambda texts: tokenizer.encode_batch(texts, add_special_tokens=False)
    tokenizer.no_padding()
    tokenizer.no_truncation() if most is None else tokenizer.enable_truncation(most)
    return lambda texts: tokenizer.encode_batch_fast(texts, add_special_tokens=False)


def _fastembed(folder: str, options: dict[str, Any]) -> Encode:
    from fastembed import TextEmbedding

    model = TextEmbedding(_FASTEMBED_NAME, cache_dir=folder, specific_model_path=folder)
    return lambda texts: list(model.embed(texts))


def _laghu(folder: str, options: dict[str, Any]) -> Encode:
    import laghu
    import laghu_rs  # noqa: F401  # without it laghu is another, and would not say so

    # With a fallback it would be model2vec behind its name.
    model = laghu.load(folder, fallback=False)
    if not options.get("as_started"):
        model.tokenizer.threads = 1  # of all processors; no argument sets it
    return lambda texts: model.encode(texts)


def _static_embed_runner(folder: str, options: dict[str, Any]) -> Encode:
    import numpy
    from static_embed_runner import StaticEmbedRunner

    runner = StaticEmbedRunner.load(folder)
    normalize = bool(_config(folder).get("normalize", False))

    def encode(texts: list[str]) -> Any:
        if len(texts) <= _RUNNER_BATCH:
            return runner.encode(texts, normalize=normalize)
        # It makes a matrix of all texts by all their tokens, which has no end by itself.
        parts = [texts[i : i + _RUNNER_BATCH] for i in range(0, len(texts), _RUNNER_BATCH)]
        return numpy.concatenate([runner.encode(part, normalize=normalize) for part in parts])

    return encode


def _sentence_transformers(folder: str, options: dict[str, Any]) -> Encode:
    import torch
    from safetensors.numpy import load_file
    from sentence_transformers import SentenceTransformer

    try:  # since 6
        from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    except ImportError:
        from sentence_transformers.models import StaticEmbedding
    from tokenizers import Tokenizer

    tensors = load_file(os.path.join(folder, "model.safetensors"))  # noqa: PTH118
    if set(tensors) != {"embeddings"}:
        raise ValueError("its StaticEmbedding takes no weights and no mapping")
    if not options.get("as_started"):
        torch.set_num_threads(1)
    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))  # noqa: PTH118
    rows = tensors["embeddings"].astype("float32")
    static = StaticEmbedding(tokenizer, embedding_weights=rows)
    model = SentenceTransformer(modules=[static], device="cpu")
    normalize = bool(_config(folder).get("normalize", False))
    return lambda texts: model.encode(
        texts, normalize_embeddings=normalize, show_progress_bar=False
    )


def _nothing(folder: str, options: dict[str, Any]) -> Encode:
    return lambda texts: None


def _config(folder: str) -> dict[str, Any]:
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:  # noqa: PTH118, PTH123
        config: dict[str, Any] = json.load(file)
    return config


#: The module that is imported first, and what loads a model then.
WAYS: dict[str, Way] = {
    "model2vec": ("model2vec", _model2vec),
    "fastembed": ("fastembed", _fastembed),
    "sentence-transformers": ("sentence_transformers", _sentence_transformers),
    "laghu": ("laghu", _laghu),
    "static-embed-runner": ("static_embed_runner", _static_embed_runner),
    "tokenizers": ("tokenizers", _tokenizers),
    "tokie": ("tokie", _tokie),
    "numpy": ("m2v_fast.reference", _numpy),
    "nothing": ("numpy", _nothing),
    "m2v_fast": ("m2v_fast", _m2v_fast),
    "embedding_function": ("m2v_fast", _embedding_function),
}


def _serve(way: str, options: dict[str, Any], folder: str) -> None:
    # What a library prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    load = WAYS[way][1]
    encode = load(folder, options)
    texts: list[str] = []
    for line in sys.stdin:
        command, _, argument = line.rstrip("\n").partition(" ")
        answer: Any
        if command == "texts":
            texts = _read(argument)
            answer = len(texts)
        elif command == "load":
            start = time.perf_counter()
            encode = load(folder, options)
            answer = time.perf_counter() - start
        elif command == "batch":
            answer = _batch(encode, texts, float(argument))
        elif command == "calls":
            answer = list(_calls(encode, texts, int(argument)))
        else:
            answer = _vectors(encode, texts, argument)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _read(file: str) -> list[str]:
    with open(file, encoding="utf-8") as lines:  # noqa: PTH123
        return [json.loads(line) for line in lines]


def _batch(encode: Encode, texts: list[str], at_least: float) -> list[float]:
    passes, seconds = 0, 0.0
    while not passes or seconds < at_least:
        start = time.perf_counter()
        encode(texts)
        seconds += time.perf_counter() - start
        passes += 1
    return [seconds / passes, passes]


def _calls(encode: Encode, texts: list[str], count: int) -> Iterator[int]:
    clock = time.perf_counter_ns
    for batch in [texts[i : i + count] for i in range(0, len(texts), count)]:
        start = clock()
        encode(batch)
        yield clock() - start


def _vectors(encode: Encode, texts: list[str], file: str) -> list[Any] | str:
    import numpy

    found = encode(texts)
    if hasattr(found[0], "ids"):  # of tokenizers
        with open(file, "w", encoding="ascii") as lines:  # noqa: PTH123
            lines.writelines(json.dumps(row.ids) + "\n" for row in found)
        return "ids"
    vectors = numpy.ascontiguousarray(found)
    vectors.tofile(file)
    return [vectors.shape[1], vectors.dtype.name]


def _fresh(way: str, options: dict[str, Any], folder: str, file: str) -> None:
    module, load = WAYS[way]
    __import__(module)
    imported = time.perf_counter()
    before = _memory("RssAnon")
    start = time.perf_counter()
    encode = load(folder, options)
    loaded = time.perf_counter()
    held = _memory("RssAnon")
    for text in FIRST:
        encode([text])
    done = time.perf_counter()
    told: dict[str, Any] = {
        "import_ms": (imported - _START) * 1e3,
        "load_ms": (loaded - start) * 1e3,
        "first_ms": (done - loaded) * 1e3,
    }
    if before is not None and held is not None:
        # Texts after loading: what reading them leaves behind would change what loading takes.
        texts = _read(file)
        ready = most = _memory("RssAnon") or 0
        for place in range(0, len(texts), 100):
            encode(texts[place : place + 100])
            most = max(most, _memory("RssAnon") or 0)
        told["load_mb"] = (held - before) / 1e6
        told["all_mb"] = (held - before + most - ready) / 1e6
        told["peak_mb"] = (_memory("VmHWM") or 0) / 1e6
    sys.stdout.write("\n" + json.dumps(told) + "\n")


def _memory(name: str) -> int | None:
    """Bytes of this process, which only Linux tells."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
            for line in status:
                if line.startswith(name + ":"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


if __name__ == "__main__":
    if sys.path[0] == "":  # the folder that the user happens to be in, as a command has it
        del sys.path[0]
    _name, _options = json.loads(sys.argv[2])
    if sys.argv[1] == "serve":
        _serve(_name, _options, sys.argv[3])
    else:
        _fresh(_name, {**_options, "as_started": True}, *sys.argv[3:])
