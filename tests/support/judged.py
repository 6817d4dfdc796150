"""The judge's ids of whole corpora, worked out once and shared by the tests."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from tests.support import testdata
from tests.twin import Ids

if TYPE_CHECKING:
    from tests.support.compare import Array

MAX_LENGTH = 512


@cache
def _judge(tokenizer_json: str) -> Ids:
    return Ids(tokenizer_json)


@cache
def _flat(tokenizer_json: str, language: str) -> tuple[Array, Array]:
    """All ids one after another, and where each text ends: lists of lists would be too large."""
    lists = _judge(tokenizer_json).to_encode(testdata.corpus(language), MAX_LENGTH)
    flat = np.fromiter((i for some in lists for i in some), np.int32)
    return flat, np.cumsum([len(some) for some in lists])


def texts(tokenizer_json: str, language: str) -> list[str]:
    """The corpus as `encode` sees it: each text cut to the characters that may count."""
    return _judge(tokenizer_json).cut(testdata.corpus(language), MAX_LENGTH)


def ids(tokenizer_json: str, language: str) -> list[Array]:
    """The ids of those texts, at most 512 of each."""
    flat, ends = _flat(tokenizer_json, language)
    return np.split(flat, ends[:-1])
