"""Accelerated models follow what is done to their tokenizer, as model2vec's own do."""

from __future__ import annotations

import copy
import json
import pickle
from typing import TYPE_CHECKING, Any

import model2vec
import numpy as np
import pytest
from m2v_fast import StaticModel, compat
from m2v_fast.compat.model2vec_model import AcceleratedStaticModel
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

from tests.support import texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import MakeFolder
    from tests.support.folders import Folder

#: The last one has 600 tokens and more, beyond every limit but none at all.
SOME = [*texts.MULTILINGUAL, *texts.AWKWARD, "word " * 600]


def _normalizer(model: Any) -> None:
    model.tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Replace("e", "a"), normalizers.Lowercase()]
    )


def _no_normalizer(model: Any) -> None:
    model.tokenizer.normalizer = None


def _pre_tokenizer(model: Any) -> None:
    model.tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()


def _added(model: Any) -> None:
    tokens = model.tokens
    model.tokenizer.add_tokens([AddedToken(tokens[50], lstrip=True, rstrip=True)])


def _special(model: Any) -> None:
    model.tokenizer.add_special_tokens([model.tokens[60]])


def _beyond(model: Any) -> None:
    # A token without a row, which no text here has.
    model.tokenizer.add_tokens([AddedToken("\ue000\ue001", normalized=False)])


def _special_as_text(model: Any) -> None:
    model.tokenizer.encode_special_tokens = True


def _prefix(model: Any) -> None:
    model.tokenizer.model.continuing_subword_prefix = "@@"


def _assigned(model: Any) -> None:
    other = Tokenizer.from_str(model.tokenizer.to_str())
    other.no_truncation()
    other.normalizer = normalizers.Lowercase()
    model.tokenizer = other


def _other_model(model: Any) -> None:
    # Of the same class, size and settings; only which token has which id is another matter.
    file = json.loads(model.tokenizer.to_str())
    vocab = file["model"]["vocab"]
    tokens = sorted(vocab, key=vocab.__getitem__)
    unknown = file["model"]["unk_token"]
    kept = {unknown, *(token["content"] for token in file["added_tokens"])}
    others = [token for token in tokens if token not in kept]
    turned = dict(zip(others, [vocab[token] for token in reversed(others)], strict=True))
    model.tokenizer.model = models.WordPiece(
        {**{token: vocab[token] for token in tokens if token in kept}, **turned},
        unk_token=unknown,
        max_input_chars_per_word=file["model"]["max_input_chars_per_word"],
    )


def _kept(model: Any) -> None:
    # Through an object that was asked for long before.
    tokenizer = model.tokenizer
    model.encode(SOME)
    tokenizer.no_truncation()
    tokenizer.normalizer = normalizers.Lowercase()


CHANGES: dict[str, Callable[[Any], Any]] = {
    "none": lambda m: m.tokenizer,
    "no truncation": lambda m: m.tokenizer.no_truncation(),
    "another truncation": lambda m: m.tokenizer.enable_truncation(7),
    "from the left": lambda m: m.tokenizer.enable_truncation(7, direction="left"),
    "a stride": lambda m: m.tokenizer.enable_truncation(7, stride=2),
    "a strategy": lambda m: m.tokenizer.enable_truncation(7, strategy="only_first"),
    "padding": lambda m: m.tokenizer.enable_padding(length=20),
    "padding without effect": lambda m: m.tokenizer.enable_padding(length=0),
    "normalizer": _normalizer,
    "no normalizer": _no_normalizer,
    "pre-tokenizer": _pre_tokenizer,
    "added token": _added,
    "special token": _special,
    "a token beyond": _beyond,
    "special tokens as text": _special_as_text,
    "prefix": _prefix,
    "assigned": _assigned,
    "another model": _other_model,
    "kept": _kept,
}


@pytest.fixture
def pair(small: Folder) -> tuple[Any, Any]:
    """A model of model2vec's and an accelerated one."""
    slow = model2vec.StaticModel.from_pretrained(small.path)
    return slow, compat.accelerate(model2vec.StaticModel.from_pretrained(small.path))


def outcome(model: Any) -> list[Any]:
    """What a model gives, in an order in which each step shows what the one before has set."""
    found = [model.tokenize(SOME), model.encode(SOME), model.tokenize(SOME)]
    found += [model.encode(SOME[-1], max_length=3), model.tokenize(SOME)]
    found += model.encode_as_sequence(SOME)
    found += [model.encode_as_sequence(SOME[-1], max_length=20), model.tokenize(SOME)]
    model.tokenizer.no_truncation()
    found += [model.encode_as_sequence(SOME[-1]), model.tokenize(SOME)]
    model.tokenizer.no_truncation()
    model.max_length = 9
    found.append(model.tokenize(SOME))
    return found


def assert_same(ours: list[Any], theirs: list[Any]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        if isinstance(other, list):
            assert one == other
        else:
            assert one.dtype == other.dtype
            assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("change", CHANGES)
def test_changes_are_followed(pair: tuple[Any, Any], change: str) -> None:
    slow, fast = pair
    for model in (slow, fast):
        CHANGES[change](model)
    assert_same(outcome(fast), outcome(slow))
    CHANGES["normalizer"](slow)
    CHANGES["normalizer"](fast)
    assert_same(outcome(fast), outcome(slow))


def test_no_truncation_gives_all_ids(pair: tuple[Any, Any]) -> None:
    for model in pair:
        assert len(model.tokenize(SOME)[-1]) == 512
        model.tokenizer.no_truncation()
        assert len(model.tokenize(SOME)[-1]) >= 600
        assert len(model.encode_as_sequence(SOME[-1])) >= 600
        assert len(model.tokenize(SOME)[-1]) == 512


@pytest.mark.parametrize(
    "kind", ["wordpiece", "wordlevel", "unigram", "bpe-bytes", "wordpiece-settings"]
)
def test_kinds_of_tokenizers(make_folder: MakeFolder, kind: str) -> None:
    slow = model2vec.StaticModel.from_pretrained(make_folder(kind).path)
    fast = compat.accelerate(model2vec.StaticModel.from_pretrained(make_folder(kind).path))
    for change in ("normalizer", "added token", "no truncation"):
        for model in (slow, fast):
            CHANGES[change](model)
        assert_same(outcome(fast), outcome(slow))


@pytest.mark.parametrize("change", ["normalizer", "no truncation", "added token"])
def test_a_shallow_copy_shares_the_tokenizer(pair: tuple[Any, Any], change: str) -> None:
    slow, fast = pair
    before = fast.tokenize(SOME)
    others = [copy.copy(model) for model in pair]
    for other in others:
        CHANGES[change](other)
    assert fast.tokenize(SOME) == slow.tokenize(SOME) != before
    assert_same(outcome(fast), outcome(slow))
    for model in (slow, fast):
        model.tokenizer.normalizer = normalizers.NFC()
    assert others[1].tokenize(SOME) == others[0].tokenize(SOME)


def test_deep_copies_and_pickles_have_their_own(pair: tuple[Any, Any]) -> None:
    _, fast = pair
    CHANGES["normalizer"](fast)
    for other in (copy.deepcopy(fast), pickle.loads(pickle.dumps(fast))):
        assert other.tokenize(SOME) == fast.tokenize(SOME)
        before = fast.tokenize(SOME)
        other.tokenizer.normalizer = None
        assert other.tokenize(SOME) != before
        assert fast.tokenize(SOME) == before


class Keeping(model2vec.StaticModel):
    """Keeps the tokenizer under a name of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mine = self.tokenizer


def test_a_class_that_has_taken_the_tokenizer_before(small: Folder) -> None:
    slow: Any = Keeping.from_pretrained(small.path)
    compat.install()
    try:
        fast: Any = Keeping.from_pretrained(small.path)
    finally:
        compat.uninstall()
    assert AcceleratedStaticModel in type(fast).__mro__
    for model in (slow, fast):
        model.mine.normalizer = normalizers.Lowercase()
        model.mine.no_truncation()
    assert_same(outcome(fast), outcome(slow))


def test_nothing_is_looked_at_until_the_tokenizer_is_asked_for(
    pair: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Any] = []
    monkeypatch.setattr("m2v_fast.tokenizer_object._state", looked.append)
    _, fast = pair
    fast.encode(SOME)
    fast.max_length, fast.normalize = 5, False
    fast.encode(SOME)
    assert not looked
    assert fast.tokenizer
    fast.encode(SOME)
    assert looked


def test_padding_is_refused_by_our_own_class(small: Folder) -> None:
    model = StaticModel.from_pretrained(small.path)
    model.tokenizer.enable_padding(length=20)
    for call in (model.encode, model.tokenize, model.encode_as_sequence):
        with pytest.raises(ValueError, match="pads"):
            call(SOME)
    model.tokenizer.no_padding()
    assert np.array_equal(model.encode(SOME), StaticModel.from_pretrained(small.path).encode(SOME))


def test_encode_sets_any_truncation_back(small: Folder) -> None:
    theirs: Any = model2vec.StaticModel.from_pretrained(small.path)
    ours: Any = StaticModel.from_pretrained(small.path)
    for options in ({"direction": "left"}, {"stride": 2}, {"strategy": "only_second"}):
        for model in (ours, theirs):
            model.tokenizer.enable_truncation(7, **options)
        with pytest.raises(ValueError, match="truncation"):
            ours.tokenize(SOME)
        assert np.array_equal(ours.encode(SOME), theirs.encode(SOME))
        assert ours.tokenize(SOME) == theirs.tokenize(SOME)
