"""What is embedded: the texts of files, or the standard library's own documentation."""

from __future__ import annotations

from itertools import islice
from pydoc_data.topics import topics
from typing import TYPE_CHECKING

from m2v_fast import text_files

if TYPE_CHECKING:
    from os import PathLike


def read_texts(
    file: str | PathLike[str] | None, column: str | None = None, most: int | None = None
) -> list[str]:
    """Return the texts of a file that are not blank, at most so many.

    Without a file: the paragraphs of Python's reference manual, about half a megabyte of English.
    """
    if file is None:
        texts = iter("\n\n".join(topics.values()).split("\n\n"))
    else:
        texts = text_files.read(str(file), column)
    return list(islice((text for text in texts if text.strip()), most))


def queries(texts: list[str], count: int = 1000) -> list[str]:
    """Make distinct short queries: runs of up to eight words, or 24 characters without spaces.

    There are fewer if the texts are few.
    """
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
    return list(found) or [text[:60] for text in texts]


def one_long(texts: list[str], characters: int = 1_000_000) -> str:
    """Make one text of about that many characters."""
    joined = "\n".join(texts)
    return (joined * (characters // len(joined) + 1))[:characters]


def size(texts: list[str]) -> int:
    """Return the bytes of the texts in UTF-8."""
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
