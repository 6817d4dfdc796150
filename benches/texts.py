"""What is embedded: the standard library's own documentation, or a file."""

from __future__ import annotations

import gzip
import json
from pydoc_data.topics import topics
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def read_texts(file: Path | None, field: str = "text") -> list[str]:
    """Texts of a file: one a line, or JSON lines (.jsonl, .jsonl.gz) that hold them in `field`.

    Without a file: the paragraphs of Python's reference manual, about half a megabyte of English.
    """
    if file is None:
        manual = "\n\n".join(topics.values())
        return [part for part in manual.split("\n\n") if part.strip()]
    raw = file.read_bytes()
    if file.suffix == ".gz":
        raw = gzip.decompress(raw)
    lines = [line for line in raw.decode("utf-8").split("\n") if line.strip()]
    if ".jsonl" in file.suffixes:
        return [json.loads(line)[field] for line in lines]
    return lines


def queries(texts: list[str], count: int = 1000) -> list[str]:
    """Distinct short queries: runs of up to eight words, or 24 characters where no spaces are."""
    found: dict[str, None] = {}
    for length in (8, 7, 6, 5, 4):
        for text in texts:
            words = text.split()
            start = (length * 3) % 7
            query = " ".join(words[start : start + length])[:60].strip()
            if len(query) >= 8:
                found[query if len(words) > 3 else query[:24]] = None
            if len(found) == count:
                return list(found)
    raise ValueError(f"the text is too small: {len(found)} distinct queries instead of {count}")


def one_long(texts: list[str], characters: int = 1_000_000) -> str:
    """One text of about that many characters."""
    joined = "\n".join(texts)
    return (joined * (characters // len(joined) + 1))[:characters]


def size(texts: list[str]) -> int:
    """Bytes of the texts in UTF-8."""
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
