"""semhash with one of our models, which it takes as it is: anything with an `encode` will do."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from m2v_fast import BUNDLED_MODEL, StaticModel, demo

from tests.support import heard

if find_spec("semhash") is None:
    pytest.skip("needs semhash", allow_module_level=True)

from semhash import SemHash
from semhash.utils import featurize

NEAR = [text.replace(" the ", " a ").rstrip(".") + "!" for text in demo.DOCUMENTS]


def test_near_duplicates_are_found() -> None:
    # Its protocol wants an argument named `inputs`, and it gives it by position.
    model: Any = heard.bundled()
    hashes = SemHash.from_records(demo.DOCUMENTS, model=model)
    same = hashes.model is model
    assert same
    assert model.heard == [demo.DOCUMENTS]
    result = hashes.deduplicate(NEAR, threshold=0.9)
    assert model.heard[1:] == [NEAR]
    assert result.selected == []
    found = {str(duplicate.record): duplicate for duplicate in result.filtered}
    # The similarities are cosines of our vectors.
    plain = StaticModel.from_pretrained(BUNDLED_MODEL)
    for near, text in zip(NEAR, demo.DOCUMENTS, strict=True):
        assert found[near].duplicate_of == text
        one, other = plain.encode([near, text], normalize=True)
        assert found[near].score == pytest.approx(float(one @ other), abs=1e-3)


def test_vectors_are_ours() -> None:
    model: Any = StaticModel.from_pretrained(BUNDLED_MODEL)
    records = [{"text": text} for text in demo.DOCUMENTS]
    vectors = featurize(records, ["text"], model)
    assert vectors.dtype == np.float32
    assert vectors.tobytes() == model.encode(demo.DOCUMENTS).tobytes()
