"""Models of sentence-transformers, accelerated, beside themselves as they were."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from m2v_fast import BUNDLED_MODEL, StaticModel

from tests.support import engines, process, texts

if find_spec("sentence_transformers") is None:
    pytest.skip("needs sentence_transformers", allow_module_level=True)

import torch
from m2v_fast.integrations.sentence_transformers import accelerate
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import (
    BoW,
    Dense,
    Normalize,
    StaticEmbedding,
)

if TYPE_CHECKING:
    from tokenizers import Tokenizer

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "sentence_transformers_encode.py"
#: Known words beside unknown ones, nothing but unknown ones, nothing, and more than 512 tokens.
SOME = [*texts.MULTILINGUAL, "", "\U000132ff", "a \U000132ff b", "word \U000132ff " * 700]
PROMPTS = {"query": "Instruct: find it. Query: ", "document": "Document: "}
#: What vectors may differ by, with rows of about 1: some roundings. (Seen so far: nothing at all.)
TOLERANCE = 1e-6


def tokenizer_of(kind: str) -> Tokenizer:
    if kind != "bundled":
        return engines._MAKERS[kind]()
    tokenizer = copy.deepcopy(StaticModel.from_pretrained(BUNDLED_MODEL).tokenizer)
    tokenizer.no_truncation()
    return tokenizer


def make(kind: str = "bundled", *behind: Any, width: int = 64, **options: Any) -> Any:
    """A model as the library makes it, the same for the same arguments."""
    tokenizer = tokenizer_of(kind)
    size = 1 + max(tokenizer.get_vocab(with_added_tokens=True).values())
    rows = np.random.default_rng(1).normal(size=(size, width)).astype(np.float32)
    module = StaticEmbedding(tokenizer, embedding_weights=rows)
    return SentenceTransformer(
        modules=[module, *(each(width) for each in behind)],
        device="cpu",
        prompts=PROMPTS,
        **options,
    )


def normalize(_: int) -> Any:
    return Normalize()


def dense(width: int) -> Any:
    torch.manual_seed(0)
    return Dense(width, 16)


def pair(*arguments: Any, **options: Any) -> tuple[Any, Any]:
    """A model twice: as it is, and accelerated."""
    fast = make(*arguments, **options)
    assert accelerate(fast) is fast
    return make(*arguments, **options), fast


def forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on, the library neither tokenizes nor embeds in this test."""

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("the library was asked")

    monkeypatch.setattr(SentenceTransformer, "_inference", never)
    monkeypatch.setattr(StaticEmbedding, "preprocess", never)
    monkeypatch.setattr(StaticEmbedding, "forward", never)


def assert_alike(actual: Any, expected: Any) -> None:
    """The same types, shapes and dtypes all through, and values within the tolerance."""
    assert type(actual) is type(expected)
    if isinstance(expected, list):
        assert len(actual) == len(expected)
        for one, other in zip(actual, expected, strict=True):
            assert_alike(one, other)
    elif isinstance(expected, dict):
        assert actual.keys() == expected.keys()
        for name in expected:
            assert_alike(actual[name], expected[name])
    else:
        assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
        if isinstance(expected, torch.Tensor):
            assert actual.is_inference() == expected.is_inference()
            assert actual.device == expected.device
            actual, expected = actual.detach().numpy(), expected.detach().numpy()
        if expected.dtype == np.float32:
            np.testing.assert_allclose(actual, expected, rtol=0, atol=TOLERANCE)
        else:
            assert np.array_equal(actual, expected)


@pytest.mark.parametrize("kind", ["bundled", *engines._MAKERS])
def test_ids_and_vectors_of_every_engine(kind: str) -> None:
    plain, fast = pair(kind)
    some = [*SOME, *texts.paragraphs()[:300], "word " * 600]
    expected, actual = plain.preprocess(some), fast.preprocess(some)
    assert_alike(actual, expected)
    assert len(actual["input_ids"]) > 10_000
    vectors = fast.encode(some)
    assert_alike(vectors, plain.encode(some))
    assert not vectors[some.index("")].any()
    assert len({vector.tobytes() for vector in vectors}) > 100


OPTIONS: dict[str, dict[str, Any]] = {
    "none": {},
    "tensor": {"convert_to_tensor": True},
    "list": {"convert_to_numpy": False},
    "normalized": {"normalize_embeddings": True},
    "fewer columns": {"truncate_dim": 24},
    "both": {"truncate_dim": 24, "normalize_embeddings": True, "convert_to_tensor": True},
    "prompt": {"prompt": "A prompt: "},
    "prompt by name": {"prompt_name": "query"},
    "small batches": {"batch_size": 3},
    "progress": {"batch_size": 3, "show_progress_bar": True},
    "device": {"device": "cpu"},
    # What mteb adds.
    "task": {"task": "retrieval", "prompt_name": "document", "batch_size": 16},
    **{name: {"precision": name} for name in ("int8", "uint8", "binary", "ubinary")},
    "binary tensor": {"precision": "binary", "convert_to_tensor": True},
}


@pytest.mark.parametrize("behind", [(), (normalize,)], ids=["bare", "normalize"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_options(options: dict[str, Any], behind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, fast = pair("bundled", *behind)
    some = [*SOME, *texts.paragraphs()[:150]]
    cases: list[Any] = [some, tuple(some), np.array(some)]
    if "int8" not in options.get("precision", ""):  # ranges are of several texts
        cases += [some[:1], some[0], ""]
    expected = [plain.encode(case, **options) for case in cases]
    forbid(monkeypatch)
    for case, vectors in zip(cases, expected, strict=True):
        assert_alike(fast.encode(case, **options), vectors)


def test_queries_and_documents() -> None:
    plain, fast = pair()
    for name in ("encode_query", "encode_document"):
        assert_alike(getattr(fast, name)(SOME), getattr(plain, name)(SOME))
    assert not np.array_equal(fast.encode_query(SOME), fast.encode_document(SOME))
    with fast.truncate_embeddings(10):
        assert fast.encode(SOME).shape == (len(SOME), 10)


@pytest.mark.parametrize(
    ("inputs", "options"),
    [
        ([], {}),
        ([], {"convert_to_tensor": True}),
        (SOME, {"output_value": None}),
        (SOME, {"output_value": "token_embeddings"}),
        ([("a pair", "of texts"), ("and", "another")], {}),
        ([None], {}),
        (["fine", 3], {}),
        (["a lone \ud800 surrogate"], {}),
        (SOME, {"prompt_name": "unheard of"}),
        (SOME, {"precision": "unheard of"}),
        (SOME, {"unheard_of": 1}),
        (SOME, {"batch_size": 0}),
    ],
)
def test_whatever_else_is_the_library_s(inputs: Any, options: dict[str, Any]) -> None:
    results: list[Any] = []
    for model in pair():
        try:
            results.append(model.encode(inputs, **options))
        except Exception as error:
            results.append(error)
    expected, actual = results
    if isinstance(expected, Exception):
        assert type(actual) is type(expected)
        assert str(actual) == str(expected)
    else:
        assert_alike(actual, expected)


def test_the_progress_bar_counts_batches(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid(monkeypatch)
    fast = accelerate(make())
    vectors = fast.encode(["a text"] * 10_001, batch_size=100, show_progress_bar=True)
    assert vectors.shape == (10_001, 64)
    shown = capsys.readouterr().err
    assert "Batches: 100%" in shown
    assert "101/101" in shown


@pytest.mark.parametrize("length", [1, 8, 512])
def test_truncation_of_the_tokenizer(length: int) -> None:
    plain, fast = pair()
    some = [*SOME, *texts.paragraphs()[:200], "in one piece" * 2000]
    uncut = fast.encode(some)
    for model in (plain, fast):
        model.tokenizer.enable_truncation(length)
    assert_alike(fast.preprocess(some), plain.preprocess(some))
    cut = fast.encode(some)
    assert_alike(cut, plain.encode(some))
    assert not np.array_equal(cut, uncut)
    for model in (plain, fast):
        model.tokenizer.no_truncation()
    assert np.array_equal(fast.encode(some), uncut)


def test_other_truncation_and_padding_are_the_library_s() -> None:
    plain, fast = pair()
    settings: Any
    for settings in (
        lambda tokenizer: tokenizer.enable_truncation(8, direction="left"),
        lambda tokenizer: tokenizer.enable_truncation(0),
        lambda tokenizer: tokenizer.enable_padding(length=20),
    ):
        before = fast.encode(SOME)
        for model in (plain, fast):
            settings(model.tokenizer)
        assert_alike(fast.encode(SOME), plain.encode(SOME))
        assert not np.array_equal(fast.encode(SOME), before)


def test_another_and_a_changed_tokenizer() -> None:
    plain, fast = pair()
    before = fast.encode(SOME)
    for model in (plain, fast):
        model.tokenizer.add_tokens(["quick brown"])
        rows = model[0].embedding.weight.detach()
        model[0].embedding = torch.nn.EmbeddingBag.from_pretrained(torch.cat([rows, rows[:1]]))
    assert_alike(fast.encode(SOME), plain.encode(SOME))
    assert [*np.flatnonzero((fast.encode(SOME) != before).any(axis=1))] == [0]
    for model in (plain, fast):
        model.tokenizer = tokenizer_of("wordpiece")
    assert_alike(fast.preprocess(SOME), plain.preprocess(SOME))
    assert_alike(fast.encode(SOME), plain.encode(SOME))


def test_training() -> None:
    plain, fast = pair()
    before = fast.encode(SOME)
    losses = []
    for model in (plain, fast):
        model.train()
        optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
        for _ in range(3):
            optimizer.zero_grad()
            features = model(model.preprocess(SOME))
            loss = (features["sentence_embedding"] ** 2).mean()
            loss.backward()
            optimizer.step()
        losses.append(loss.item())
        model[0].embedding.weight.data[:100] *= 2
    assert losses[1] == pytest.approx(losses[0])
    assert_alike(fast.encode(SOME), plain.encode(SOME))
    assert not np.array_equal(fast.encode(SOME), before)


def test_assigned_and_converted_weights() -> None:
    plain, fast = pair()
    for change in (
        lambda model: setattr(
            model[0].embedding, "weight", torch.nn.Parameter(torch.ones(40000, 8))
        ),
        lambda model: setattr(model[0].embedding.weight, "data", torch.full((40000, 8), 3.0)),
        lambda model: setattr(
            model[0].embedding.weight,
            "data",
            model[0].embedding.weight.data.flatten()[: 35000 * 4].view(35000, 4),
        ),
        lambda model: model.half(),
        lambda model: model.double(),
        lambda model: model.float(),
        lambda model: setattr(model[0].embedding, "mode", "sum"),
    ):
        before = fast.encode(SOME)
        for model in (plain, fast):
            change(model)
        assert_alike(fast.encode(SOME), plain.encode(SOME))
        after = fast.encode(SOME)
        assert after.dtype != before.dtype or not np.array_equal(after, before)


def test_an_embedding_of_another_kind() -> None:
    """As those that wrap it for training make it: without weights of its own, say."""

    class Wrapped(torch.nn.Module):  # type: ignore[misc, unused-ignore]
        def __init__(self, inner: Any) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, *arguments: Any) -> Any:
            return 2 * self.inner(*arguments)

    plain, fast = pair()
    before = fast.encode(SOME)
    for model in (plain, fast):
        model[0].embedding = Wrapped(model[0].embedding)
    assert_alike(fast.preprocess(SOME), plain.preprocess(SOME))
    assert_alike(fast.encode(SOME), plain.encode(SOME))
    np.testing.assert_allclose(fast.encode(SOME), 2 * before, atol=TOLERANCE)


def note(called: list[Any], *_: Any) -> None:
    called.append(1)


def test_hooks_are_called_and_other_modules_are_run() -> None:
    plain, fast = pair("bundled", dense)
    assert_alike(fast.encode(SOME), plain.encode(SOME))
    assert fast.encode(SOME).shape == (len(SOME), 16)
    finds: list[Any] = [lambda model: model, lambda model: model[0]]
    for find in (*finds, lambda model: model[0].embedding):
        fast = accelerate(make())
        called: list[Any] = []
        find(fast).register_forward_hook(partial(note, called))
        fast.encode(SOME)
        assert called


def test_saved_as_before(tmp_path: Path) -> None:
    plain, fast = pair("bundled", normalize)
    for name, model in (("plain", plain), ("fast", fast)):
        model.save(str(tmp_path / name))
    saved = sorted(path.relative_to(tmp_path / "plain") for path in (tmp_path / "plain").rglob("*"))
    for path in saved:
        if (tmp_path / "plain" / path).is_file():
            assert (tmp_path / "fast" / path).read_bytes() == (
                tmp_path / "plain" / path
            ).read_bytes()
    assert {"modules.json", "model.safetensors", "tokenizer.json"} <= {path.name for path in saved}
    again = SentenceTransformer(str(tmp_path / "fast"), device="cpu")
    assert type(again) is SentenceTransformer
    assert type(again[0]) is StaticEmbedding
    assert_alike(accelerate(again).encode(SOME), plain.encode(SOME))


@pytest.mark.parametrize(
    "again",
    [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))],
    ids=["deepcopy", "pickle"],
)
def test_copies_and_pickles(again: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, fast = pair("bundled", normalize)
    before = fast.encode(SOME)
    other = again(fast)
    assert pickle.loads(pickle.dumps(type(fast))) is type(fast)
    assert type(other) is type(fast)
    assert type(other[0]) is type(fast[0])
    other[0].embedding.weight.data *= -1
    forbid(monkeypatch)
    assert np.array_equal(other.encode(SOME), -before)
    assert np.array_equal(fast.encode(SOME), before)


def test_in_processes(tmp_path: Path) -> None:
    """The library's pool starts processes anew, which pickles the model."""
    script = tmp_path / "pool.py"
    script.write_text(
        "import json\n"
        "from tests.integrations.test_sentence_transformers import SOME, pair\n"
        "if __name__ == '__main__':\n"
        "    plain, fast = pair()\n"
        "    vectors = fast.encode(SOME, device=['cpu', 'cpu'], chunk_size=10)\n"
        "    print(json.dumps(bool(abs(vectors - plain.encode(SOME)).max() < 1e-6)))\n",
        encoding="utf-8",
    )
    assert process.answer(script) is True


def test_a_module_alone() -> None:
    plain, fast = make()[0], accelerate(make()[0])
    assert accelerate(fast) is fast
    assert isinstance(fast, StaticEmbedding)
    assert_alike(fast.preprocess(SOME, prompt="A: "), plain.preprocess(SOME, prompt="A: "))
    assert_alike(fast.preprocess([]), plain.preprocess([]))
    for module in (plain, fast):
        with pytest.raises(TypeError):
            module.preprocess("one text")
    model = SentenceTransformer(modules=[fast], device="cpu")
    assert_alike(model.encode(SOME), make().encode(SOME))


def subclass(name: str, base: Any, method: str = "") -> Any:
    """A subclass that notes when the method is called, if one is named."""

    def own(self: Any, *args: Any, **kwargs: Any) -> Any:
        self.__dict__.setdefault("calls", []).append(method)
        return getattr(base, method)(self, *args, **kwargs)

    return type(base)(name, (base,), {"__module__": __name__, **({method: own} if method else {})})


def test_subclasses(monkeypatch: pytest.MonkeyPatch) -> None:
    module = make()[0]
    expected = make().encode(SOME)
    asking = subclass("Asking", SentenceTransformer, "preprocess")
    asking = accelerate(asking(modules=[copy.deepcopy(module)], device="cpu"))
    assert_alike(asking.encode(SOME), expected)
    assert asking.calls
    own = subclass("Own", StaticEmbedding, "forward")
    own = own(module.tokenizer, module.embedding.weight.detach())
    for model in (own, SentenceTransformer(modules=[own], device="cpu")):
        with pytest.raises(TypeError, match="Own has a forward of its own"):
            accelerate(model)
    kind = subclass("Named", SentenceTransformer)
    named = accelerate(kind(modules=[module], device="cpu"))
    assert isinstance(named, kind)
    assert (type(named).__name__, type(named).__module__) == ("Named", __name__)
    forbid(monkeypatch)
    assert_alike(named.encode(SOME), expected)


def test_what_is_not_made_of_static_embeddings() -> None:
    other = SentenceTransformer(modules=[BoW(["word"])], device="cpu")
    for wrong in (other, other[0], "name", None, StaticModel.from_pretrained(BUNDLED_MODEL)):
        with pytest.raises(TypeError, match="whose first module is a StaticEmbedding"):
            accelerate(wrong)


def test_a_model_that_the_native_code_does_not_take(caplog: pytest.LogCaptureFixture) -> None:
    plain, fast = make(), make()
    for model in (plain, fast):
        model.tokenizer.encode_special_tokens = True
    with caplog.at_level(logging.WARNING):
        accelerate(fast)
    assert "encodes special tokens as text" in caplog.text
    assert_alike(fast.encode([*SOME, "[CLS]"]), plain.encode([*SOME, "[CLS]"]))


def test_the_example() -> None:
    done = process.run(EXAMPLE)
    assert done.returncode == 0, done.stderr.decode()
    numbers = json.loads(done.stdout.decode().splitlines()[-1])
    assert numbers["largest difference"] < 1e-6
    assert numbers["times as fast"] > 2


def test_without_the_framework_the_message_names_the_extra() -> None:
    code = (
        "import json, sys\n"
        "sys.modules['sentence_transformers'] = None\n"
        "try:\n    import m2v_fast.integrations.sentence_transformers\n"
        "except ImportError as error:\n    print(json.dumps(str(error)))\n"
    )
    assert "pip install 'm2v-fast[sentence-transformers]'" in process.answer("-c", code)
