"""Semantic search in LanceDB: tables in a local folder, whose vectors are made as texts come in.

Install, then run; nothing is downloaded, as the model comes with the package:

    pip install '.[lancedb]'
    python examples/lancedb_search.py         # tables in a temporary folder
    python examples/lancedb_search.py manual  # or in one to keep

It adds some hundred paragraphs of Python's own reference manual, and searches for those nearest to
a few questions. A program that opens the table later has to import `m2v_fast.integrations.lancedb`;
the table itself knows its model.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import lancedb
from lancedb.pydantic import LanceModel, Vector
from m2v_fast import BUNDLED_MODEL
from m2v_fast.integrations.lancedb import M2VFastEmbeddings
from manual import QUESTIONS, hit, paragraphs

function = M2VFastEmbeddings.create(name=BUNDLED_MODEL)


class Paragraph(LanceModel):  # type: ignore[misc]
    """A row: LanceDB fills in the vector of its text."""

    topic: str
    text: str = function.SourceField()
    vector: Vector(function.ndims()) = function.VectorField()  # type: ignore[valid-type]


def run(folder: Path) -> None:
    """Fill a table in the folder, and search it."""
    table = lancedb.connect(folder).create_table("manual", schema=Paragraph, mode="overwrite")
    documents = paragraphs()
    start = time.perf_counter()
    table.add([{"topic": topic, "text": text} for topic, text in documents])
    seconds = time.perf_counter() - start
    print(f"{len(documents)} paragraphs of {function.ndims()} dimensions added in {seconds:.2f} s")

    for question in QUESTIONS:
        print(f"\n{question}")
        query: Any = table.search(question)
        for row in query.distance_type("cosine").limit(2).to_list():
            print(hit(1 - row["_distance"], row["topic"], row["text"]))


def main() -> None:
    """Run in the folder named on the command line, else in a temporary one."""
    if len(sys.argv) > 1:
        run(Path(sys.argv[1]))
    else:
        with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            run(Path(folder))


if __name__ == "__main__":
    main()
