"""`m2v_fast.compat`: model2vec's own objects, computing natively, to the same bits and dtypes."""

from __future__ import annotations

import copy
import inspect
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import TYPE_CHECKING, Any

import model2vec
import numpy as np
import pytest
from m2v_fast import StaticModel, compat
from m2v_fast.compat.model2vec_model import AcceleratedStaticModel
from model2vec.inference import StaticModelPipeline
from model2vec.inference.mlp import Activation, Layer, MLPHead
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from tests.support import process, texts
from tests.support.folders import Folder, Shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.conftest import MakeFolder
    from tests.support.compare import Array

SOME = [*texts.MULTILINGUAL, *texts.AWKWARD, *texts.paragraphs()[::60]]


def reference_model(folder: Folder, **options: Any) -> model2vec.StaticModel:
    """A model of model2vec's, each time a new one."""
    return model2vec.StaticModel.from_pretrained(folder.path, **options)


def assert_identical(actual: Any, expected: Any) -> None:
    """The same shape, dtype and bits; of lists, item by item."""
    if isinstance(expected, list):
        assert type(actual) is list
        for one, other in zip(actual, expected, strict=True):
            assert_identical(one, other)
        return
    assert type(actual) is np.ndarray
    assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype)
    assert actual.tobytes() == expected.tobytes()


def is_native(model: Any) -> bool:
    """Whether the model is one of ours and does not leave everything to model2vec."""
    return isinstance(model, AcceleratedStaticModel) and (
        model._m2v_fast_parts().native is not None
    )


@pytest.fixture
def slow(small: Folder) -> model2vec.StaticModel:
    """The small model as model2vec loads it."""
    return reference_model(small)


@pytest.fixture
def fast(slow: model2vec.StaticModel) -> model2vec.StaticModel:
    """The same, accelerated."""
    model = compat.accelerate(slow)
    assert is_native(model)
    return model


@pytest.fixture
def installed() -> Iterator[None]:
    """`install` for the length of a test."""
    compat.install()
    yield
    compat.uninstall()


# Vectors


@pytest.mark.parametrize("width", [1, 7, 32])
@pytest.mark.parametrize("mapping", [None, "int32", "int64"])
@pytest.mark.parametrize("weights", [None, "float16", "float32", "float64"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "float64", "int8"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_every_kind_of_model_keeps_its_dtype_and_its_bits(
    make_folder: MakeFolder, dtype: str, weights: str | None, mapping: str | None, width: int
) -> None:
    slow = reference_model(make_folder("wordpiece-tiny", Shape(dtype, width, mapping, weights)))
    fast = compat.accelerate(slow)
    assert is_native(fast)
    for normalize in (False, True):
        assert_identical(
            fast.encode(SOME, normalize=normalize), slow.encode(SOME, normalize=normalize)
        )
    assert_identical(fast.encode(SOME[1]), slow.encode(SOME[1]))
    assert_identical(fast.encode(""), slow.encode(""))
    assert_identical(fast.encode_as_sequence(SOME), slow.encode_as_sequence(SOME))
    assert_identical(fast.encode_as_sequence(SOME[1]), slow.encode_as_sequence(SOME[1]))
    assert_identical(fast.encode_as_sequence(""), slow.encode_as_sequence(""))
    assert fast.tokenize(SOME) == slow.tokenize(SOME)


@pytest.mark.parametrize("kind", ["wordpiece-settings", "wordlevel", "unigram", "bpe-bytes"])
def test_every_kind_of_tokenizer(make_folder: MakeFolder, kind: str) -> None:
    slow = reference_model(make_folder(kind))
    fast = compat.accelerate(slow)
    assert is_native(fast)
    assert_identical(fast.encode(SOME), slow.encode(SOME))
    assert fast.tokenize(SOME) == slow.tokenize(SOME)


@pytest.mark.parametrize("max_length", [None, 0, 1, 5, 600])
def test_lengths(
    fast: model2vec.StaticModel, slow: model2vec.StaticModel, max_length: int | None
) -> None:
    for method in ("encode", "encode_as_sequence"):
        assert_identical(
            getattr(fast, method)(SOME, max_length=max_length),
            getattr(slow, method)(SOME, max_length=max_length),
        )
    slow.max_length = fast.max_length = max_length
    assert_identical(fast.encode(SOME), slow.encode(SOME))
    assert fast.tokenize(SOME) == slow.tokenize(SOME)
    assert_identical(fast.encode_as_sequence(SOME), slow.encode_as_sequence(SOME))


@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 3},
        {"use_multiprocessing": True, "multiprocessing_threshold": 1},
        {"show_progress_bar": True, "batch_size": 7},
        {"convert_to_numpy": True},
    ],
    ids=str,
)
def test_other_arguments(
    fast: model2vec.StaticModel, slow: model2vec.StaticModel, options: dict[str, Any]
) -> None:
    assert_identical(fast.encode(SOME, **options), slow.encode(SOME))
    options.pop("convert_to_numpy", None)
    assert_identical(fast.encode_as_sequence(SOME, **options), slow.encode_as_sequence(SOME))


@pytest.mark.parametrize("kind", [tuple, np.array, iter, dict.fromkeys], ids=str)
def test_other_collections(
    fast: model2vec.StaticModel, slow: model2vec.StaticModel, kind: Any
) -> None:
    unique = list(dict.fromkeys(SOME[:20]))
    assert_identical(fast.encode(kind(unique)), slow.encode(unique))


WRONG: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "nothing to encode": ("encode", [], {}),
    "no list": ("encode", None, {}),
    "a number": ("encode", 7, {}),
    "bytes": ("encode", b"abc", {}),
    "an item that is no text": ("encode", ["fine", None], {}),
    "a surrogate": ("encode", ["fine", "a\ud800"], {}),
    "a negative length": ("encode", ["text"], {"max_length": -1}),
    "a length that is no number": ("encode", ["text"], {"max_length": "5"}),
    "an empty batch": ("encode", ["text"], {"batch_size": 0}),
    "a surrogate in a sequence": ("encode_as_sequence", ["\ud800"], {}),
    "one text to tokenize": ("tokenize", "text", {}),
    "an item that is no text to tokenize": ("tokenize", ["fine", 7], {}),
}


@pytest.mark.parametrize("case", WRONG)
def test_errors_are_of_the_same_kind(
    fast: model2vec.StaticModel, slow: model2vec.StaticModel, case: str
) -> None:
    method, sentences, options = WRONG[case]
    with pytest.raises(Exception) as theirs:  # noqa: PT011 - whichever it is
        getattr(slow, method)(sentences, **options)
    with pytest.raises(theirs.type) as ours:
        getattr(fast, method)(sentences, **options)
    assert type(ours.value) is theirs.type
    assert str(ours.value) == str(theirs.value)
    # And neither is disturbed by it.
    assert_identical(fast.encode(SOME), slow.encode(SOME))


def test_what_only_model2vec_takes_it_gets(
    fast: model2vec.StaticModel, slow: model2vec.StaticModel
) -> None:
    pairs: Any = [("a text", "and its pair"), ("another", "one")]
    assert_identical(fast.encode(pairs), slow.encode(pairs))
    assert_identical(fast.encode(iter(pairs)), slow.encode(pairs))
    assert_identical(fast.encode(pairs, max_length=3), slow.encode(pairs, max_length=3))
    assert fast.encode_as_sequence([]) == []
    assert fast.tokenize([]) == []


# The object


def test_it_is_one_of_model2vecs(fast: model2vec.StaticModel, slow: model2vec.StaticModel) -> None:
    assert isinstance(fast, model2vec.StaticModel)
    assert isinstance(fast, type(slow))
    # KeyBERT looks at this.
    assert "model2vec" in str(type(fast))
    for method in ("encode", "encode_as_sequence", "tokenize"):
        ours = inspect.signature(getattr(fast, method)).parameters
        theirs = inspect.signature(getattr(slow, method)).parameters
        assert list(ours) == list(theirs)
        assert [p.kind for p in ours.values()] == [p.kind for p in theirs.values()]
        assert [p.default for p in ours.values()] == [p.default for p in theirs.values()]


def test_once_is_enough(fast: model2vec.StaticModel) -> None:
    assert compat.accelerate(fast) is fast


def test_the_given_model_stays_as_it_is(
    slow: model2vec.StaticModel, caplog: pytest.LogCaptureFixture
) -> None:
    before = slow.encode(SOME)
    fast = compat.accelerate(slow)
    assert type(slow) is model2vec.StaticModel
    assert np.shares_memory(fast.embedding, slow.embedding)
    fast.normalize, fast.max_length = False, 3
    fast.config["hidden_dim"] = 1
    assert (slow.normalize, slow.max_length) == (True, 512)
    assert "hidden_dim" not in slow.config
    assert max(map(len, slow.tokenize(SOME))) > 3
    assert_identical(slow.encode(SOME), before)


@pytest.mark.parametrize("thing", [None, "model", object(), model2vec.StaticModel])
def test_other_things_are_refused(thing: Any) -> None:
    with pytest.raises(TypeError, match="accelerate takes"):
        compat.accelerate(thing)


def test_attributes_are_there(make_folder: MakeFolder) -> None:
    slow = reference_model(make_folder("wordpiece-tiny", Shape("float16", 8, "int32", "float32")))
    fast = compat.accelerate(slow)
    for name in (
        *("dim", "tokens", "unk_token_id", "median_token_length", "config", "base_model_name"),
        *("language", "normalize", "max_length", "embedding_dtype", "vocabulary_quantization"),
    ):
        assert getattr(fast, name) == getattr(slow, name), name
    assert fast.embedding is slow.embedding
    assert fast.weights is slow.weights
    assert fast.token_mapping is slow.token_mapping
    assert fast.tokenizer.to_str() == slow.tokenizer.to_str()


def test_settings_are_followed(
    fast: model2vec.StaticModel, slow: model2vec.StaticModel, caplog: pytest.LogCaptureFixture
) -> None:
    for normalize, max_length in product((False, True), (4, None, 512)):
        for model in (fast, slow):
            model.normalize = normalize
        for model in (fast, slow):
            model.max_length = max_length
        assert fast.config == slow.config
        assert_identical(fast.encode(SOME), slow.encode(SOME))
        assert fast.tokenize(SOME) == slow.tokenize(SOME)
    ours = [record.message for record in caplog.records]
    assert ours[::2] == ours[1::2]
    assert ours


def test_arrays_are_followed(fast: model2vec.StaticModel, slow: model2vec.StaticModel) -> None:
    rng = np.random.default_rng(3)
    size = len(slow.tokens)
    changes: list[tuple[str, Any]] = [
        ("embedding", rng.standard_normal((size, 9))),
        ("embedding", rng.standard_normal((size, 9)).astype(np.float16)),
        ("weights", rng.uniform(0, 1, size).astype(np.float32)),
        ("token_mapping", rng.permutation(size)),
        ("weights", None),
        ("token_mapping", None),
    ]
    for name, value in changes:
        for model in (fast, slow):
            setattr(model, name, value)
        assert_identical(fast.encode(SOME), slow.encode(SOME))
        assert is_native(fast)


def test_rows_may_be_changed_in_place(
    fast: model2vec.StaticModel, slow: model2vec.StaticModel
) -> None:
    # The arrays are shared with the model that was accelerated.
    fast.embedding *= 2
    fast.embedding[5:50] = 0
    assert_identical(fast.encode(SOME), slow.encode(SOME))


def test_another_tokenizer_is_followed(make_folder: MakeFolder, small: Folder) -> None:
    slow, other = reference_model(small), reference_model(make_folder("wordpiece-cased"))
    fast = compat.accelerate(slow)
    for model in (fast, slow):
        model.tokenizer = other.tokenizer
    assert_identical(fast.encode(SOME), slow.encode(SOME))


def test_columns_of_a_wider_model(small: Folder) -> None:
    # A view with gaps between its rows.
    slow = reference_model(small, dimensionality=10)
    assert not slow.embedding.flags.c_contiguous
    fast = compat.accelerate(slow)
    assert is_native(fast)
    assert_identical(fast.encode(SOME), slow.encode(SOME))
    fast.embedding[7:100] = 0
    slow.embedding[7:100] = 0
    assert_identical(fast.encode(SOME), slow.encode(SOME))


def test_what_native_code_cannot_do_model2vec_does(
    small: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    slow = reference_model(small)
    size = len(slow.tokens)
    changes: list[tuple[str, Any]] = [
        ("embedding", np.arange(size * 8, dtype=np.int16).reshape(size, 8)),
        ("token_mapping", -1 - np.arange(size)),  # counts from the end
        ("unk_token_id", 40),
        ("median_token_length", 1),
        ("tokenize", lambda sentences: [[7] for _ in sentences]),
    ]
    for name, value in changes:
        slow = reference_model(small)
        fast = compat.accelerate(slow)
        caplog.clear()
        for model in (fast, slow):
            setattr(model, name, value)
        for _ in range(2):
            assert_identical(fast.encode(SOME), slow.encode(SOME))
            assert_identical(
                fast.encode(SOME, max_length=3, normalize=False),
                slow.encode(SOME, max_length=3, normalize=False),
            )
            assert_identical(fast.encode_as_sequence(SOME), slow.encode_as_sequence(SOME))
            assert fast.tokenize(SOME) == slow.tokenize(SOME)
        # Told once, not with every call.
        assert sum("m2v_fast" in record.message for record in caplog.records) == 1, name
        assert not is_native(fast)


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, *(lambda m, p=p: pickle.loads(pickle.dumps(m, p)) for p in (2, 5))],
    ids=["copy", "deepcopy", "pickle 2", "pickle 5"],
)
def test_copies(fast: model2vec.StaticModel, slow: model2vec.StaticModel, copied: Any) -> None:
    vars(fast)["note"] = ["kept"]
    fast.max_length = slow.max_length = 20
    other = copied(fast)
    assert type(other) is type(fast)
    assert is_native(other)
    assert vars(other)["note"] == ["kept"]
    assert other.config == slow.config
    assert_identical(other.encode(SOME), slow.encode(SOME))
    other.normalize = slow.normalize = False
    assert_identical(other.encode(SOME), slow.encode(SOME))
    if copied is not copy.copy:
        assert fast.config["normalize"] is True
        assert not np.shares_memory(other.embedding, fast.embedding)


def test_a_pickle_is_read_by_another_process(fast: model2vec.StaticModel, tmp_path: Path) -> None:
    file = tmp_path / "model.pickle"
    file.write_bytes(pickle.dumps(fast))
    code = (
        "import json, pickle, sys\n"
        "model = pickle.load(open(sys.argv[1], 'rb'))\n"
        "print(json.dumps([type(model).__name__, model.encode('one text').tolist()]))"
    )
    assert process.answer("-c", code, file) == [
        "AcceleratedStaticModel",
        fast.encode("one text").tolist(),
    ]


def test_saving_and_loading(
    fast: model2vec.StaticModel, slow: model2vec.StaticModel, tmp_path: Path
) -> None:
    slow.save_pretrained(tmp_path / "slow", model_name="name")
    fast.save_pretrained(tmp_path / "fast", model_name="name")
    files = sorted(path.name for path in (tmp_path / "slow").iterdir())
    assert sorted(path.name for path in (tmp_path / "fast").iterdir()) == files
    for name in files:
        assert (tmp_path / "fast" / name).read_bytes() == (tmp_path / "slow" / name).read_bytes()
    loaded = type(fast).from_pretrained(tmp_path / "fast")
    assert is_native(loaded)
    assert_identical(loaded.encode(SOME), slow.encode(SOME))


def test_quantizing(fast: model2vec.StaticModel, slow: model2vec.StaticModel) -> None:
    options: dict[str, Any] = {"quantize_to": "int8", "dimensionality": 16}
    smaller = model2vec.quantize_model(fast, **options)
    assert is_native(smaller)
    assert_identical(smaller.encode(SOME), model2vec.quantize_model(slow, **options).encode(SOME))


def test_threads_with_settings_of_their_own(
    fast: model2vec.StaticModel, slow: model2vec.StaticModel
) -> None:
    # model2vec itself mixes up the lengths of calls at the same time.
    lengths = (1, 2, 3, 5, 8, 13, None)
    expected = {length: slow.encode(SOME, max_length=length) for length in lengths}
    stop = threading.Event()

    def change() -> None:
        while not stop.is_set():
            fast.max_length = 3
            fast.max_length = 512

    changing = threading.Thread(target=change)
    changing.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            calls = [(n, pool.submit(fast.encode, SOME, max_length=n)) for n in lengths * 30]
            for length, call in calls:
                assert_identical(call.result(), expected[length])
    finally:
        stop.set()
        changing.join()


# Classes of one's own


class Shouting(model2vec.StaticModel):
    """Changes the texts and leaves the rest to the class above."""

    def encode(self, sentences: Any, **options: Any) -> Array:
        if isinstance(sentences, str):
            return super().encode(f"!{sentences}", **options)
        return super().encode([f"!{text}" for text in sentences], **options)

    def shout(self) -> str:
        return "!"


class Stepping(model2vec.StaticModel):
    """Replaces a step of `encode`."""

    def tokenize(self, sentences: Sequence[str]) -> list[list[int]]:
        return [ids[::2] for ids in super().tokenize(sentences)]


@pytest.mark.parametrize("kind", [Shouting, Stepping])
def test_subclasses_keep_their_meaning(small: Folder, kind: Any) -> None:
    slow = kind.from_pretrained(small.path)
    fast = compat.accelerate(slow)
    assert isinstance(fast, kind)
    assert type(fast).__name__ == kind.__name__
    assert is_native(fast) is (kind is Shouting)
    assert compat.accelerate(fast) is fast
    plain = reference_model(small).encode(SOME)
    for model in (fast, copy.copy(fast), copy.deepcopy(fast), pickle.loads(pickle.dumps(fast))):
        assert isinstance(model, kind)
        assert type(model) is type(fast)
        assert_identical(model.encode(SOME), slow.encode(SOME))
        assert_identical(model.encode(["", None][:1]), slow.encode([""]))
        assert model.tokenize(SOME) == slow.tokenize(SOME)
        assert not np.array_equal(model.encode(SOME), plain)
    # An error does not make it go through its own steps twice.
    pairs: Any = [("a text", "and its pair")]
    if kind is Stepping:
        assert_identical(fast.encode(pairs), slow.encode(pairs))


# Classifiers


LABELS = ["short", "middle", "long"]
TRAINING = [text for text in texts.paragraphs()[:240] if text.strip()]
LABEL_OF = [LABELS[min(len(text) // 120, 2)] for text in TRAINING]


def classifier(model: model2vec.StaticModel) -> StaticModelPipeline:
    """A scikit-learn classifier trained on the model's vectors, as model2vec takes it over."""
    trained = MLPClassifier((16,), max_iter=60, random_state=0)
    trained.fit(model.encode(TRAINING), LABEL_OF)
    layers = [
        # Contiguous, or safetensors saves something else.
        Layer(np.ascontiguousarray(weight.T, np.float32), bias.astype(np.float32))
        for weight, bias in zip(trained.coefs_, trained.intercepts_, strict=True)
    ]
    head = MLPHead(layers, Activation.SOFTMAX, np.asarray(trained.classes_))
    return StaticModelPipeline(model, head)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_pipelines(slow: model2vec.StaticModel, tmp_path: Path) -> None:
    theirs = classifier(slow)
    ours = compat.accelerate(theirs)
    assert isinstance(ours, StaticModelPipeline)
    assert is_native(ours.model)
    assert type(theirs.model) is model2vec.StaticModel
    assert compat.accelerate(ours) is ours
    predicted = ours.predict(SOME)
    assert predicted.tolist() == theirs.predict(SOME).tolist()
    assert len(set(predicted.tolist())) > 1
    assert_identical(ours.predict_proba(SOME), theirs.predict_proba(SOME))
    assert_identical(ours.predict_proba("one text"), theirs.predict_proba("one text"))
    assert ours.predict(SOME, max_length=3).tolist() == theirs.predict(SOME, max_length=3).tolist()
    assert ours.evaluate(TRAINING, LABEL_OF) == theirs.evaluate(TRAINING, LABEL_OF)
    again = pickle.loads(pickle.dumps(ours))
    assert is_native(again.model)
    assert_identical(again.predict_proba(SOME), theirs.predict_proba(SOME))
    ours.save_pretrained(str(tmp_path))
    loaded = StaticModelPipeline.from_pretrained(str(tmp_path))
    assert_identical(compat.accelerate(loaded).predict_proba(SOME), loaded.predict_proba(SOME))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_pipelines_load_native_models(
    slow: model2vec.StaticModel,
    installed: None,  # after the model is loaded
    tmp_path: Path,
) -> None:
    assert not is_native(slow)
    theirs = classifier(slow)
    theirs.save_pretrained(str(tmp_path))
    ours = StaticModelPipeline.from_pretrained(str(tmp_path))
    assert is_native(ours.model)
    assert_identical(ours.predict_proba(SOME), theirs.predict_proba(SOME))


def test_within_a_scikit_learn_pipeline(
    fast: model2vec.StaticModel, slow: model2vec.StaticModel
) -> None:
    found = []
    for model in (fast, slow):
        embed = FunctionTransformer(model.encode)
        trained = make_pipeline(embed, LogisticRegression()).fit(TRAINING, LABEL_OF)
        found.append(trained.predict_proba(SOME))
    assert_identical(*found)


# install


def test_install_and_uninstall(small: Folder, slow: model2vec.StaticModel) -> None:
    untouched = vars(model2vec.StaticModel)["from_pretrained"]
    signature = inspect.signature(model2vec.StaticModel.from_pretrained)
    try:
        compat.install()
        compat.install()
        loaded = reference_model(small)
        assert is_native(loaded)
        assert_identical(loaded.encode(SOME), slow.encode(SOME))
        assert inspect.signature(model2vec.StaticModel.from_pretrained) == signature
    finally:
        compat.uninstall()
    assert vars(model2vec.StaticModel)["from_pretrained"] is untouched
    compat.uninstall()
    assert type(reference_model(small)) is model2vec.StaticModel
    # What was loaded stays.
    assert is_native(loaded)
    assert_identical(loaded.encode(SOME), slow.encode(SOME))


def test_a_patch_on_top_is_left_alone(small: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    compat.install()
    try:
        below = model2vec.StaticModel.from_pretrained
        on_top = classmethod(lambda cls, *args, **kwargs: below(*args, **kwargs))
        monkeypatch.setattr(model2vec.StaticModel, "from_pretrained", on_top)
        assert is_native(reference_model(small))
    finally:
        compat.uninstall()
    assert vars(model2vec.StaticModel)["from_pretrained"] is on_top
    assert type(reference_model(small)) is model2vec.StaticModel
    monkeypatch.undo()
    # Below it ours may still be, without effect.
    assert type(reference_model(small)) is model2vec.StaticModel


def test_loading_with_arguments(
    small: Folder, slow: model2vec.StaticModel, installed: None
) -> None:
    loaded = reference_model(small, normalize=False, max_length=5, quantize_to="float16")
    assert is_native(loaded)
    assert (loaded.normalize, loaded.max_length) == (False, 5)
    smaller = model2vec.quantize_model(slow, quantize_to="float16")
    assert_identical(loaded.encode(SOME), smaller.encode(SOME, normalize=False, max_length=5))


@pytest.mark.usefixtures("installed")
def test_subclasses_load_as_themselves(small: Folder) -> None:
    loaded = Shouting.from_pretrained(small.path)
    assert isinstance(loaded, Shouting)
    assert loaded.shout() == "!"
    assert is_native(loaded)
    compat.uninstall()
    assert_identical(loaded.encode(SOME), Shouting.from_pretrained(small.path).encode(SOME))


@pytest.mark.usefixtures("installed")
def test_the_default_of_force_download_is_the_references(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def load(*_: Any, **options: Any) -> None:
        asked.append(options["force_download"])
        raise FileNotFoundError

    monkeypatch.setattr("model2vec.persistence.load_pretrained", load)
    wishes: list[dict[str, Any]] = [{}, {"force_download": False}]
    for options in wishes:
        with pytest.raises(FileNotFoundError):
            model2vec.StaticModel.from_pretrained("owner/name", **options)
    assert asked == [True, False]


USE = """
import json, sys
from model2vec import StaticModel
model = StaticModel.from_pretrained(sys.argv[1])
print(json.dumps([type(model).__name__, model.encode("one text").tolist()]))
"""

ORDERS = {
    "before the import": "from m2v_fast import compat\ncompat.install()\n" + USE,
    "after the import": "import model2vec\nfrom m2v_fast import compat\ncompat.install()\n" + USE,
    "with the name already taken": (
        "from model2vec import StaticModel\nfrom m2v_fast.compat import install\ninstall()\n" + USE
    ),
    "twice": "from m2v_fast import compat\ncompat.install()\ncompat.install()\n" + USE,
    "undone before the import": (
        "from m2v_fast import compat\ncompat.install()\ncompat.uninstall()\n" + USE
    ),
}


@pytest.mark.parametrize("order", ORDERS)
def test_the_order_of_imports_does_not_matter(
    small: Folder, slow: model2vec.StaticModel, order: str
) -> None:
    expected = "StaticModel" if "undone" in order else "AcceleratedStaticModel"
    answer = process.answer("-c", ORDERS[order], small.path)
    assert answer == [expected, slow.encode("one text").tolist()]


def test_neither_library_is_imported_and_modules_look_untouched() -> None:
    code = (
        "import json, sys\nfrom m2v_fast import compat\ncompat.install()\n"
        "before = [n for n in ('model2vec', 'pymilvus', 'tokenizers') if n in sys.modules]\n"
        "import model2vec.model as m\n"
        "print(json.dumps([before, type(m.__loader__).__name__, type(m.__spec__.loader).__name__]))"
    )
    assert process.answer("-c", code) == [[], "SourceFileLoader", "SourceFileLoader"]


OTHER_RELEASE = """
class Other: pass
class StaticModel:
    @classmethod
    def from_pretrained(cls, path): return "theirs"
    def encode(self): pass
"""


@pytest.mark.parametrize("version", ["0.6.0", "0.8.2", "0.9.0", "0.10.9", "0.11.0", None])
def test_another_release_is_left_alone(tmp_path: Path, version: str | None) -> None:
    # 0.10.9 stands for a release that is as known, and lacks the private names all the same.
    (tmp_path / "model2vec").mkdir()
    (tmp_path / "model2vec" / "__init__.py").write_text("from model2vec.model import Other\n")
    (tmp_path / "model2vec" / "model.py").write_text(OTHER_RELEASE)
    if version is not None:
        (tmp_path / "model2vec" / "version.py").write_text(f"__version__ = {version!r}\n")
    code = (
        "import sys\nsys.path.insert(0, sys.argv[1])\n"
        "from m2v_fast import compat\ncompat.install()\n"
        "import model2vec.model as m\nprint(m.StaticModel.from_pretrained('x'))\n"
        "try: compat.accelerate(m.StaticModel())\n"
        "except ImportError as error: print('refused')"
    )
    done = process.run("-c", code, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [b"theirs", b"refused"]
    assert done.stderr.count(b"m2v_fast leaves model2vec as it is") == 1
    assert version is None or version.encode() in done.stderr


def test_accelerate_names_a_model_that_is_native(small: Folder) -> None:
    model: Any = StaticModel.from_pretrained(small.path)
    with pytest.raises(TypeError, match="native already"):
        compat.accelerate(model)
