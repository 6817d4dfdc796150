"""The handle on a model: small, found again by path, and no other model than it was made of."""

from __future__ import annotations

import copy
import importlib
import multiprocessing
import os
import pickle
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from m2v_fast import BUNDLED_MODEL, ModelError, StaticModel
from m2v_fast.bulk import Embedder, embedder, fingerprint, shipping

from tests.support import adapters, process
from tests.support.compare import assert_same_bits

if TYPE_CHECKING:
    from tests.support.folders import Folder

pa: Any = importlib.import_module("pyarrow")
pl: Any = importlib.import_module("polars")
pandas: Any = importlib.import_module("pandas")

ROWS = ["one text", None, "Straße und Fluß", "", "one text"]
TEXTS = [row for row in ROWS if row is not None]


@pytest.fixture(autouse=True)
def _nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedder, "_loaded", {})


def _vectors(column: Any) -> Any:
    """What is not null of a column of vectors, as an array."""
    return np.array(pa.chunked_array(column).drop_null().to_pylist(), np.float32)


def test_every_kind_of_table(small: Folder) -> None:
    embed = Embedder(small.path, "body", "v")
    expected = StaticModel.from_pretrained(small.path).encode(TEXTS)
    table = pa.table({"n": range(5), "body": ROWS})
    made = embed(table)
    assert made.column_names == ["n", "body", "v"]
    assert made["v"].null_count == 1
    assert made["v"].type.list_size == embed.dim == 32
    assert_same_bits(_vectors(made["v"]), expected)
    batch = embed(table.to_batches()[0])
    assert isinstance(batch, pa.RecordBatch)
    assert batch.column("v").equals(made["v"].combine_chunks())
    frame = embed(pl.DataFrame(table))
    assert frame.schema["v"] == pl.Array(pl.Float32, 32)
    assert_same_bits(_vectors(frame["v"].to_arrow()), expected)
    for dtype in ("str", object, "category", pandas.ArrowDtype(pa.large_string())):
        frame = pandas.DataFrame({"n": range(5), "body": pandas.Series(ROWS, dtype=dtype)})
        frame.index = [3, 1, 4, 1, 5]
        found = embed(frame)
        assert list(found.columns) == ["n", "body", "v"]
        assert list(found.index) == [3, 1, 4, 1, 5]
        assert list(frame.columns) == ["n", "body"]
        assert found["v"].isna().tolist() == [False, True, False, False, False]
        assert_same_bits(np.stack(found["v"].dropna().tolist()).astype(np.float32), expected)


def test_a_frame_of_no_rows_tells_the_type(small: Folder) -> None:
    embed = Embedder(small.path)
    full = embed(pandas.DataFrame({"text": ["a"]}))
    for dtype in (object, "str", pandas.ArrowDtype(pa.string())):
        empty = embed(pandas.DataFrame({"text": pandas.Series([], dtype=dtype)}))
        assert (len(empty), empty["embedding"].dtype) == (0, full["embedding"].dtype)
    assert embed(pa.table({"text": pa.array([], pa.string())}))["embedding"].type.list_size == 32
    assert embed(pl.DataFrame({"text": pl.Series([], dtype=pl.String)})).shape == (0, 2)


def test_the_column_is_replaced_or_refused(small: Folder) -> None:
    embed = Embedder(small.path, None)
    table = pa.table({"text": ["a", "b"], "n": [1, 2]})
    once = embed(table)
    assert Embedder(small.path, "text")(once).equals(once)
    assert embed(table.to_pandas()).columns.tolist() == ["text", "n", "embedding"]
    for data in (table, table.to_pandas(), pl.DataFrame(table)):
        with pytest.raises(ValueError, match=r"no column.*'?x'?.*text, n"):
            Embedder(small.path, "x")(data)
    with pytest.raises(TypeError, match="Arrow column"):
        embed(["a"])


OPTIONS: list[dict[str, Any]] = [
    {"max_length": 2},
    {"max_length": None},
    {"normalize": False},
    {"output_dtype": "float16"},
    {"output_dtype": "ubinary"},
    {"output_dtype": "uint8", "ranges": np.stack([np.full(32, -1.0), np.full(32, 1.0)])},
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: str(next(iter(options.items()))))
def test_options_travel(small: Folder, options: dict[str, Any]) -> None:
    embed = Embedder(small.path, **options)
    expected = StaticModel.from_pretrained(small.path).encode(TEXTS, **options)
    for handle in (embed, pickle.loads(pickle.dumps(embed)), copy.deepcopy(embed)):
        assert handle == embed
        assert hash(handle) == hash(embed)
        assert np.array_equal(np.asarray(handle.encode(pa.array(TEXTS))), expected)
        assert handle.dim == expected.shape[1]
    assert embed != Embedder(small.path)


def test_it_is_small_and_always_the_same(small: Folder) -> None:
    for source in (small.path, BUNDLED_MODEL):
        embed = Embedder(source, max_length=7, normalize=True)
        data = pickle.dumps(embed)
        assert len(data) < 1000
        again = pickle.loads(data)
        assert (
            pickle.dumps(again)
            == data
            == pickle.dumps(Embedder(source, max_length=7, normalize=True))
        )
        assert len(embed.fingerprint) == 64


def test_nothing_is_loaded_until_it_is_needed(
    small: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = adapters.count_loads(monkeypatch)
    handles = [pickle.loads(pickle.dumps(Embedder(small.path))) for _ in range(5)]
    assert loads == []
    for handle in handles:
        handle(pa.table({"text": ["a"]}))
    assert loads == [str(small.path)]


def test_a_loaded_model_is_taken_by_its_folder(small: Folder, model: StaticModel) -> None:
    model.max_length, model.normalize = 2, False
    embed = Embedder(model)
    model.max_length = None
    expected = StaticModel.from_pretrained(small.path).encode(TEXTS, max_length=2, normalize=False)
    assert_same_bits(np.asarray(embed.encode(pa.array(TEXTS))), expected)
    made = StaticModel(np.ones((4000, 3), np.float32), model.tokenizer)
    with pytest.raises(TypeError, match="save_pretrained"):
        Embedder(made)


def test_a_relative_path_is_made_absolute(
    small: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(small.path.parent)
    embed = Embedder(small.path.name)
    monkeypatch.chdir(tmp_path)
    assert pickle.loads(pickle.dumps(embed)).dim == 32


def test_a_content_has_one_fingerprint(small: Folder, tmp_path: Path) -> None:
    other = tmp_path / "copy"
    shutil.copytree(small.path, other)
    (other / "README.md").write_text("a model card changes nothing")
    mark = fingerprint.fingerprint(small.path)
    assert fingerprint.fingerprint(other) == mark
    # A fine-tune is of the same size to the byte, and differs anywhere.
    tensors = other / "model.safetensors"
    content = bytearray(tensors.read_bytes())
    for place in (len(content) // 2, len(content) - 1):
        content[place] ^= 1
        tensors.write_bytes(content)
        assert fingerprint.fingerprint(other) != mark
        assert Embedder(other) != Embedder(small.path)
        content[place] ^= 1
    tensors.write_bytes(content)
    assert fingerprint.fingerprint(other) == mark
    (other / "config.json").write_text('{"normalize": false}')
    assert fingerprint.fingerprint(other) != mark


def test_a_file_is_hashed_once(
    small: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(small.path, folder)
    read: list[str] = []
    inner = Path.open

    def counted(self: Path, *arguments: Any, **keywords: Any) -> Any:
        read.append(self.name)
        return inner(self, *arguments, **keywords)

    monkeypatch.setattr(Path, "open", counted)
    Embedder(folder)
    assert len(read) == 3
    Embedder(folder)
    assert len(read) == 3
    # Another file of the same size and time is another inode.
    config = folder / "config.json"
    before = config.stat()
    content = config.read_bytes().replace(b"true", b"null")
    assert len(content) == before.st_size
    (folder / "new").write_bytes(content)
    os.utime(folder / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
    (folder / "new").rename(config)
    mark = fingerprint.fingerprint(folder)
    assert mark != fingerprint.fingerprint(small.path)


def test_another_model_in_the_same_place_is_refused(small: Folder, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(small.path, folder)
    data = pickle.dumps(Embedder(folder))
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="another model is here"):
        pickle.loads(data).encode(pa.array(["a"]))


def test_a_model_that_is_not_there(small: Folder, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(small.path, folder)
    data = pickle.dumps(Embedder(folder))
    shutil.rmtree(folder)
    with pytest.raises(FileNotFoundError, match=r"path that all workers share.*ship=True"):
        pickle.loads(data).encode(pa.array(["a"]))
    with pytest.raises(FileNotFoundError):
        Embedder(folder)
    folder.mkdir()
    with pytest.raises(FileNotFoundError, match=r"model\.safetensors"):
        Embedder(folder)


def test_a_shipped_model_is_unpacked_once(
    small: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("M2V_FAST_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "model"
    shutil.copytree(small.path, folder)
    embed = Embedder(folder, ship=True)
    data = pickle.dumps(embed)
    assert len(data) > (folder / "model.safetensors").stat().st_size
    shutil.rmtree(folder)
    handle = pickle.loads(data)
    target = shipping.place(embed.fingerprint)
    assert handle.model.folder == target
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [target.name]
    inode = (target / "model.safetensors").stat().st_ino
    assert pickle.loads(pickle.dumps(handle)) == embed
    assert (target / "model.safetensors").stat().st_ino == inode
    expected = StaticModel.from_pretrained(small.path).encode(TEXTS)
    assert_same_bits(np.asarray(handle.encode(pa.array(TEXTS))), expected)
    # What is not what was sent is replaced.
    (target / "config.json").write_text("{}")
    assert pickle.loads(data).encode(pa.array(["a"])).shape == (1, 32)
    assert fingerprint.fingerprint(target) == embed.fingerprint
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [target.name]


def test_a_shipped_model_that_cannot_be_unpacked(
    small: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = pickle.dumps(Embedder(small.path, ship=True))
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("M2V_FAST_CACHE", str(tmp_path / "file"))
    with pytest.raises(OSError, match="M2V_FAST_CACHE"):
        pickle.loads(data)


def _in_a_worker(data: bytes) -> tuple[int, bytes]:
    handle = pickle.loads(data)
    return os.getpid(), np.asarray(handle.encode(pa.array(TEXTS))).tobytes()


@pytest.mark.parametrize("method", ["spawn", "fork"] if sys.platform == "linux" else ["spawn"])
def test_workers_unpack_at_the_same_time(
    small: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setenv("M2V_FAST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", str(process.TESTS.parent))
    data = pickle.dumps(Embedder(small.path, ship=True))
    expected = StaticModel.from_pretrained(small.path).encode(TEXTS).tobytes()
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context(method)) as pool:
        done = list(pool.map(_in_a_worker, [data] * 12))
    assert {found for _, found in done} == {expected}
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_a_handle_that_was_sent_uses_one_thread(
    small: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[Any] = []
    inner: Any = StaticModel.encode_arrow

    def watched(self: StaticModel, *arguments: Any, **keywords: Any) -> Any:
        used.append(keywords["num_threads"])
        return inner(self, *arguments, **keywords)

    monkeypatch.setattr(StaticModel, "encode_arrow", watched)
    embed = Embedder(small.path)
    for handle in (embed, pickle.loads(pickle.dumps(embed))):
        handle.encode(pa.array(["a"]))
    three = pickle.loads(pickle.dumps(Embedder(small.path, num_threads=3)))
    three.encode(pa.array(["a"]))
    assert used == [None, 1, 3]
