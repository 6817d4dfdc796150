"""Ids equal those of the `tokenizers` library: every text, every length, every character."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import m2v_fast
import numpy as np
import pytest

from tests.support import judged, testdata, texts
from tests.support.compare import Array, assert_same_bits
from tests.support.folders import Shape, write_folder
from tests.support.vocabularies import KINDS, as_json, wordpiece
from tests.twin import Ids, Twin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.conftest import MakeFolder

ALL_KINDS = (*KINDS, *testdata.TOKENIZERS)
#: Wide enough that two different lists of ids have different means.
SHAPE = Shape("float32", 8)


@pytest.fixture
def small_twin(make_folder: MakeFolder) -> Twin:
    """The judge of the small model."""
    return Twin(make_folder("wordpiece", Shape(), config={"normalize": True}).path)


def assert_same_ids(
    actual: Sequence[Sequence[int]],
    expected: Sequence[Sequence[int] | Array],
    some: Sequence[str],
) -> None:
    """Equal lists; the first text that differs is named."""
    assert len(actual) == len(expected)
    for i, (ours, theirs) in enumerate(zip(actual, expected, strict=True)):
        assert list(ours) == list(theirs), f"text {i}: {some[i][:200]!r}"


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_hard_texts_at_every_length(make_folder: MakeFolder, kind: str) -> None:
    folder = make_folder(kind, SHAPE)
    judge = Twin(folder.path)
    model = m2v_fast.StaticModel.from_pretrained(folder.path)
    some = [*texts.hard_texts(), *texts.random_unicode(1500, seed=1)]
    for max_length in (None, 0, 1, 2, 3, 5, 8, 17, 100, 512):
        model.max_length = max_length
        assert_same_ids(model.tokenize(some), judge.ids.of(some, max_length), some)
        expected = judge.encode(some, max_length=max_length)
        assert_same_bits(model.encode(some), expected, some, f"max_length={max_length}")


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_facts_of_the_vocabulary(make_folder: MakeFolder, kind: str) -> None:
    folder = make_folder(kind, SHAPE)
    judge = Ids(folder.tokenizer_json())
    model = m2v_fast.StaticModel.from_pretrained(folder.path)
    assert model.median_token_length == judge.median_token_length
    assert model.unk_token_id == judge.unk_token_id


@pytest.mark.parametrize("kind", ["wordpiece", "wordpiece-cased", "unigram", "bpe-bytes"])
def test_every_unicode_scalar_value(make_folder: MakeFolder, kind: str) -> None:
    folder = make_folder(kind, SHAPE)
    judge = Ids(folder.tokenizer_json())
    model = m2v_fast.StaticModel.from_pretrained(folder.path, max_length=None)
    # Between letters: whether it vanishes, separates, stands alone or spoils the word.
    some = texts.every_scalar("a{}b")
    assert_same_ids(model.tokenize(some), judge.of(some, None), some)


@pytest.mark.skipif(not testdata.TOKENIZERS, reason=f"{testdata.VARIABLE} is not set")
@pytest.mark.parametrize("kind", testdata.TOKENIZERS)
def test_real_paragraphs(make_folder: MakeFolder, kind: str) -> None:
    folder = make_folder(kind, SHAPE)
    model = m2v_fast.StaticModel.from_pretrained(folder.path)
    assert model.max_length == judged.MAX_LENGTH
    for language in testdata.LANGUAGES:
        some = judged.texts(folder.tokenizer_json(), language)
        assert_same_ids(model.tokenize(some), judged.ids(folder.tokenizer_json(), language), some)


def test_special_tokens_are_not_added_but_are_found_in_text(model: m2v_fast.StaticModel) -> None:
    hello, again = model.tokenize(["the", "[CLS] the [SEP]"])
    assert len(hello) == 1
    assert again == [2, *hello, 3]


def test_the_unknown_id_goes_after_truncation(model: m2v_fast.StaticModel) -> None:
    assert model.unk_token_id == 1
    model.max_length = 3
    # Three ids are kept, two of them unknown: one remains, and nothing moves up.
    first, second = model.tokenize(["the ꙮ ꙮ of", "the of ꙮ in"])
    assert len(first) == 1
    assert len(second) == 2


def test_encode_cuts_characters_and_tokenize_does_not(
    model: m2v_fast.StaticModel, small_twin: Twin
) -> None:
    # The first word alone is longer than the cut, so encode sees a part of it.
    text = "statement" * 4 + " statement"
    model.max_length = 2
    cut = 2 * model.median_token_length
    assert cut < len("statement" * 4)
    whole, part = model.tokenize([text, text[:cut]])
    assert whole != part
    assert_same_bits(model.encode([text]), small_twin.vectors.pool([part], True))
    assert not np.array_equal(model.encode([text]), small_twin.vectors.pool([whole], True))


def test_the_cut_counts_code_points(make_folder: MakeFolder) -> None:
    folder = make_folder("wordpiece", SHAPE)
    model = m2v_fast.StaticModel.from_pretrained(folder.path)
    kept = 3 * model.median_token_length
    for letter in ("é", "中", "👍", "𝒜"):
        text = letter * (kept - 1) + " x"
        inside = model.encode([text, text[:kept]], max_length=3)
        assert_same_bits(inside[:1].copy(), inside[1:].copy())
        longer = model.encode([" " * (kept - 1) + letter + "a", " " * kept + "a"], max_length=3)
        assert not longer[1].any()


def test_settings_inside_tokenizer_json_are_overridden(make_folder: MakeFolder) -> None:
    folder = make_folder("wordpiece-settings", SHAPE)
    model = m2v_fast.StaticModel.from_pretrained(folder.path)
    # The file asks for the last 7 ids, padded on the left to 64.
    text = ["the of and to in is for be that a"]
    [ids] = model.tokenize(text)
    assert [ids] == Ids(folder.tokenizer_json()).of(text, 512)
    assert 7 < len(ids) < 64
    assert 0 not in ids


def test_the_median_averages_the_middle_two(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    for words, expected in (
        (["[UNK]", "a", "bb", "cccc"], 3),  # 1 2 4 5 -> 3
        (["[UNK]", "a", "bb", "ccc"], 2),  # 1 2 3 5 -> 2.5, cut to 2
        (["[UNK]", "é", "中中", "👍👍👍", "a"], 2),  # code points, not bytes
    ):
        content = as_json(wordpiece(2000))
        content["added_tokens"] = []
        content["post_processor"] = None
        content["model"]["vocab"] = {word: i for i, word in enumerate(words)}
        tokenizer = json.dumps(content, ensure_ascii=False)
        folder = write_folder(tmp_path_factory.mktemp("median"), tokenizer, SHAPE)
        model = m2v_fast.StaticModel.from_pretrained(folder.path)
        assert model.median_token_length == expected
        assert model.median_token_length == Ids(folder.tokenizer_json()).median_token_length
