"""Hugging Face datasets: `map` over Arrow batches, in two processes, and its cache."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from m2v_fast.bulk import Embedder

from tests.support import texts
from tests.support.compare import assert_same_bits

if TYPE_CHECKING:
    from pathlib import Path

    from m2v_fast import StaticModel

    from tests.support.folders import Folder

datasets: Any = pytest.importorskip("datasets", reason="needs datasets")
hashing: Any = importlib.import_module("datasets.fingerprint")

ROWS: list[Any] = [*texts.MULTILINGUAL, None, "", *texts.many_paragraphs(2500)]


def _dataset(folder: Path) -> Any:
    made = datasets.Dataset.from_dict({"n": list(range(len(ROWS))), "text": ROWS})
    made.save_to_disk(folder)
    return datasets.load_from_disk(folder).with_format("arrow")


@pytest.mark.parametrize("processes", [None, 2])
def test_it_gives_the_bits_of_encode(
    small: Folder, model: StaticModel, tmp_path: Path, processes: int | None
) -> None:
    made = _dataset(tmp_path / "d").map(Embedder(small.path), batched=True, num_proc=processes)
    kind = made.features["embedding"]
    assert (kind.length, kind.feature.dtype) == (32, "float32")
    table = made[:]
    assert table["n"].to_pylist() == list(range(len(ROWS)))
    vectors = table["embedding"].combine_chunks()
    assert vectors.is_valid().to_pylist() == [row is not None for row in ROWS]
    found = vectors.drop_null().flatten().to_numpy().reshape(-1, 32)
    assert_same_bits(found, model.encode([row for row in ROWS if row is not None]))


def test_the_cache_is_neither_missed_nor_stale(
    small: Folder, own_folder: Any, tmp_path: Path
) -> None:
    dataset = _dataset(tmp_path / "d")
    first = dataset.map(Embedder(small.path), batched=True)
    again = dataset.map(Embedder(small.path), batched=True)
    assert first.cache_files == again.cache_files
    # A fine-tune of equal size, in another folder; and then in the first one's place.
    other = own_folder("wordpiece", config={"normalize": True})
    tensors = other.path / "model.safetensors"
    content = bytearray(tensors.read_bytes())
    content[-1000] ^= 0x80
    tensors.write_bytes(content)
    tuned = dataset.map(Embedder(other.path), batched=True)
    assert tuned.cache_files != first.cache_files
    before = hashing.Hasher.hash(Embedder(other.path))
    content[-1000] ^= 0x80
    content[-2000] ^= 0x80
    tensors.write_bytes(content)
    assert hashing.Hasher.hash(Embedder(other.path)) != before
    assert np.asarray(first[:3]["embedding"].to_pylist()).shape == (3, 32)
