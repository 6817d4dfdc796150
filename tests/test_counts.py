"""Token counts, against what the tokenizer itself says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import m2v_fast
import numpy as np
import pytest
from tokenizers import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import MakeFolder

TEXTS = [
    "",
    "how are vectors indexed",
    "\u4e8c\u5341 \u263a \u263a x",
    "a b c d e " * 40,
    "x" * 5000,
]


@pytest.mark.parametrize("kind", ["wordpiece", "unigram", "bpe-bytes", "bpe-unknown", "wordlevel"])
@pytest.mark.parametrize("limit", [None, 0, 1, 7, 512])
def test_counts_are_the_tokenizers(
    make_folder: MakeFolder, tokenizer_text: Callable[[str], str], kind: str, limit: int | None
) -> None:
    model = m2v_fast.StaticModel.from_pretrained(make_folder(kind).path)
    tokenizer = Tokenizer.from_str(tokenizer_text(kind))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    unk = json.loads(tokenizer.to_str())["model"].get("unk_id")
    unk = model.unk_token_id if unk is None else unk
    counts = model.count_tokens(TEXTS, max_length=limit)
    for i, text in enumerate(TEXTS):
        end = None if limit is None else limit * model.median_token_length
        ids = tokenizer.encode(text[:end], add_special_tokens=False).ids
        cut = (end is not None and len(text) > end) or (limit is not None and len(ids) > limit)
        kept = ids[:limit]
        assert counts.tokens[i] == len(kept)
        assert counts.unknown[i] == sum(token == unk for token in kept)
        assert counts.truncated[i] == cut


def test_counts_are_arrays_of_one_number_a_text(model: m2v_fast.StaticModel) -> None:
    counts = model.count_tokens(text for text in TEXTS)
    assert [array.dtype for array in counts] == [np.int64, np.int64, np.bool_]
    assert all(array.shape == (len(TEXTS),) for array in counts)
    assert model.count_tokens("a").tokens.shape == (1,)
    assert all(array.shape == (0,) for array in model.count_tokens([]))
    with pytest.raises(TypeError, match=r"sentences\[1\]"):
        model.count_tokens(["a", None])  # type: ignore[list-item]
