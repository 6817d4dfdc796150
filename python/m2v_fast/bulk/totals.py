"""What became of the rows of a run, added up over its parts."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from m2v_fast._native import Vectors
    from m2v_fast.bulk.rows import BadRows

#: Bad rows that are named, of a part and of all of them.
LISTED = 20


@dataclass
class Counts:
    """What became of some rows."""

    rows: int = 0
    bytes: int = 0
    nulls: int = 0
    tokens: int = 0
    unknown: int = 0
    truncated: int = 0
    bad: int = 0
    listed: list[str] = field(default_factory=list)
    """The first of the bad ones."""

    def count(self, vectors: Vectors, size: int) -> None:
        """Count rows that were encoded, of so many bytes."""
        tokens, unknown, truncated = vectors.totals or (0, 0, 0)
        self.rows += len(vectors)
        self.bytes += size
        self.nulls += vectors.null_count
        self.tokens += tokens
        self.unknown += unknown
        self.truncated += truncated

    def count_bad(self, bad: BadRows, start: int, stop: int | None) -> None:
        """Count what was bad so far among rows from one place on to another."""
        for message in bad.taken(start, stop):
            self.bad += 1
            if len(self.listed) < LISTED:
                self.listed.append(message)

    def add(self, other: Counts) -> None:
        """Add others up."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)
        del self.listed[LISTED:]

    def text(self) -> str:
        """Return them as a line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=True, sort_keys=True) + "\n"

    @classmethod
    def read(cls, text: str) -> Counts | None:
        """Read such a line; None if it is none."""
        try:
            found = cls(**json.loads(text))
        except (ValueError, TypeError):
            return None
        expected = {**dict.fromkeys(vars(found), int), "listed": list}
        fits = all(isinstance(value, expected[name]) for name, value in vars(found).items())
        return found if fits else None


@dataclass
class Totals(Counts):
    """The same of a whole run, and of the parts that earlier ones made."""

    parts: int = 0
    there: int = 0
    """Parts that were whole already."""
    unknown_parts: int = 0
    """Those of them whose counts are lost."""
    made: int = 0
    """Rows of this run."""
    seconds: float = 0.0
    """What it took."""

    def add_parts(self, made: dict[int, Counts], there: dict[int, Counts | None]) -> None:
        """Add parts up, by number, that this run made and that were there."""
        for number in sorted({*made, *there}):
            counts = made.get(number) or there.get(number)
            if counts is not None:
                self.add(counts)
        self.parts, self.there = len(made), len(there)
        self.made = sum(counts.rows for counts in made.values())
        self.unknown_parts = sum(counts is None for counts in there.values())

    def lines(self) -> Iterator[str]:
        """Say it to people."""
        rate = self.made / self.seconds if self.seconds else 0.0
        text = f"{self.rows:,} rows, {self.bytes / 1e6:,.1f} MB of text, {rate:,.0f} rows/s"
        if self.parts or self.there:
            text += f"; {self.parts:,} parts"
            text += f" and {self.there:,} that were there" if self.there else ""
        yield text
        share = self.unknown / self.tokens if self.tokens else 0.0
        yield (
            f"{self.truncated:,} texts cut by the limit, {share:.2%} of {self.tokens:,} tokens "
            f"unknown, {self.nulls:,} nulls, {self.bad:,} rows that could not be read"
        )
        yield from self.listed
        if self.bad > len(self.listed):
            yield f"... and {self.bad - len(self.listed):,} more"
        if self.unknown_parts:
            yield f"without {self.unknown_parts:,} parts whose counts are not in the folder"
