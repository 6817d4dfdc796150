"""What the pages speak of and a reader has: files, folders, a hub with models of these names."""

from __future__ import annotations

import gzip
import json
import shutil
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from m2v_fast import BUNDLED_MODEL, StaticModel, demo
from m2v_fast.sources import resolve

if TYPE_CHECKING:
    from tests.support.hub import Files, Hub

#: Models that pages name; here all are the bundled one.
NAMES = ("minishlab/potion-base-8M", "minishlab/potion-base-2M", "minishlab/potion-retrieval-32M")
#: The same as the library itself saves it.
STATIC = "sentence-transformers/static-retrieval-mrl-en-v1"


def files() -> Files:
    """The files of the bundled model."""
    folder = resolve(BUNDLED_MODEL)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def offer(hub: Hub) -> None:
    """Put the models on a hub."""
    from tests.support.hub import Repository

    plain = files()
    for name in NAMES:
        repository = hub.repositories[name] = Repository()
        repository.commit(plain, "main")
    if find_spec("sentence_transformers") is not None:
        repository = hub.repositories[STATIC] = Repository()
        repository.commit(_static(), "main")


def _static() -> Files:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    source = StaticModel.from_pretrained(BUNDLED_MODEL)
    rows = source.embedding.astype(np.float32)
    model = SentenceTransformer(modules=[StaticEmbedding(source.tokenizer, rows)], device="cpu")
    with TemporaryDirectory() as saved:
        model.save_pretrained(saved)
        paths = [path for path in sorted(Path(saved).rglob("*")) if path.is_file()]
        return {path.relative_to(saved).as_posix(): path.read_bytes() for path in paths}


def _tables(folder: Path, texts: list[str]) -> None:
    """Two Parquet files, where there is what writes them."""
    if find_spec("pyarrow") is None:
        return
    import pyarrow as pa
    from pyarrow import parquet

    folder.mkdir()
    half = len(texts) // 2
    for name, numbers in (("a", range(half)), ("b", range(half, len(texts)))):
        table = pa.table({"id": [*numbers], "text": [texts[number] for number in numbers]})
        parquet.write_table(table, folder / f"{name}.parquet")


def lay(folder: Path) -> None:
    """Write the files that the pages begin with."""
    texts = demo.DOCUMENTS
    (folder / "texts.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    rows = [json.dumps({"id": number, "text": text}) for number, text in enumerate(texts)]
    lines = "\n".join(rows) + "\n"
    (folder / "texts.jsonl").write_text(lines, encoding="utf-8")
    with gzip.open(folder / "docs.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(lines)
    _tables(folder / "in", texts)
    (folder / "app.py").write_text(
        "from model2vec import StaticModel\n"
        'print(type(StaticModel.from_pretrained("my-model")).__module__)\n',
        encoding="utf-8",
    )
    shutil.copytree(resolve(BUNDLED_MODEL), folder / "my-model")
