"""Inputs in an object store: a server on this machine that speaks S3."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.embedding import embed, read

if find_spec("moto") is None:
    pytest.skip("needs moto", allow_module_level=True)

import pyarrow as pa
import pyarrow.parquet as pq
from moto.server import ThreadedMotoServer
from pyarrow import fs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.folders import Folder

ROWS = [f"row number {i}" for i in range(1000)]


@pytest.fixture(scope="module")
def options() -> Iterator[str]:
    """What an address needs to be served by a server here."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        options = f"?endpoint_override={host}:{port}&scheme=http&region=us-east-1"
        store, _ = fs.FileSystem.from_uri(f"s3://bucket/x{options}&allow_bucket_creation=true")
        store.create_dir("bucket")
        for i in range(3):
            table = pa.table({"text": ROWS[i * 300 : i * 300 + 300]})
            pq.write_table(table, f"bucket/in/{i}.parquet", filesystem=store, row_group_size=100)
        with store.open_output_stream("bucket/in/3.txt.gz", compression="gzip") as file:
            file.write("\n".join(ROWS[900:]).encode())
        yield options
    server.stop()


def test_files_folders_and_globs(small: Folder, tmp_path: Path, options: str) -> None:
    out = tmp_path / "out.parquet"
    base: list[Any] = ["-o", out, "--model", small.path, "--keep", "text"]
    for name, rows in (
        ("in/1.parquet", ROWS[300:600]),
        ("in", ROWS),
        ("in/", ROWS),
        ("in/*.parquet", ROWS[:900]),
        ("in/[02].parquet", ROWS[:300] + ROWS[600:900]),
        ("*/3.txt.gz", ROWS[900:]),
    ):
        embed(f"s3://bucket/{name}{options}", *base)
        assert read(out)["text"].to_pylist() == rows
    for name in ("in/none.parquet", "none/*", "none"):
        said = embed(f"s3://bucket/{name}{options}", *base, code=1)
        assert f"s3://bucket/{name}" in said


def test_parts_and_a_changed_object(small: Folder, tmp_path: Path, options: str) -> None:
    out = tmp_path / "out"
    address = f"s3://bucket/in/*.parquet{options}"
    base: list[Any] = ["-o", f"{out}/", "--model", small.path, "--rows-per-part", 250]
    embed(address, *base)
    assert read(out).num_rows == 900
    (out / "part-00003.parquet").unlink()
    assert "1 parts" in embed(address, *base, "--resume")
    store, _ = fs.FileSystem.from_uri(f"s3://bucket/x{options}")
    pq.write_table(pa.table({"text": ["other"]}), "bucket/in/1.parquet", filesystem=store)
    said = embed(address, *base, "--resume", code=1)
    assert "s3://bucket/in/1.parquet has another size" in said
