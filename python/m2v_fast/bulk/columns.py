"""Which columns are read: the texts, and those that are kept, with their types."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from m2v_fast.bulk._pyarrow import pyarrow

#: Types that can be asked for, and those that values of JSON have by themselves.
TYPES = ("string", "int64", "float64", "bool")


@dataclass(frozen=True)
class Columns:
    """The column of texts and those that are kept."""

    text: str
    kept: tuple[tuple[str, str | None], ...] = ()
    """Names, and types if they were given or looked up."""

    @classmethod
    def of(cls, text: str, keep: tuple[str, ...], to: str) -> Columns:
        """Read `--keep a,b:int64`.

        Raises:
            ValueError: A type is not known, or a name comes twice or is that of the vectors.
        """
        kept: dict[str, str | None] = {}
        for wish in ",".join(keep).split(","):
            name, _, kind = wish.strip().rpartition(":") if ":" in wish else (wish.strip(), "", "")
            if not name:
                continue
            if kind and kind not in TYPES:
                raise ValueError(f"--keep {wish}: types are {', '.join(TYPES)}")
            if name in kept or name == to:
                raise ValueError(f"--keep {wish}: there would be two columns {name!r}")
            kept[name] = kind or None
        return cls(text, tuple(kept.items()))

    @property
    def names(self) -> list[str]:
        """All that are read, the texts first."""
        return list(dict.fromkeys([self.text, *(name for name, _ in self.kept)]))

    def with_types(self, types: dict[str, str]) -> Columns:
        """Return the same, with types where none were given."""
        return Columns(
            self.text, tuple((name, kind or types.get(name)) for name, kind in self.kept)
        )

    def schema(self) -> Any:
        """The kept columns of files that have no types of their own."""
        pa = pyarrow("keeping columns")
        kinds = {
            "string": pa.string(),
            "int64": pa.int64(),
            "float64": pa.float64(),
            "bool": pa.bool_(),
        }
        return pa.schema([(name, kinds[kind or "string"]) for name, kind in self.kept])


def types_by_name(schema: Any) -> dict[str, Any]:
    """Return the types of a schema's columns."""
    return dict(zip(schema.names, schema.types, strict=True))


def type_of(values: list[Any]) -> str:
    """Return the type that fits some values of JSON: a string, unless all are of one kind."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return "bool"
    if kinds == {int} and all(-(1 << 63) <= value < 1 << 63 for value in values if value):
        return "int64"
    if kinds and kinds <= {int, float}:
        return "float64"
    return "string"


def fitted(value: Any, kind: str) -> Any:
    """Return a value of JSON as one of a type.

    Raises:
        ValueError: It is another.
    """
    if value is None:
        return None
    if kind == "string":
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if kind == "float64" and type(value) in (int, float):
        return float(value)
    if (kind, type(value)) in (("int64", int), ("bool", bool)):
        if kind == "int64" and not -(1 << 63) <= value < 1 << 63:
            raise ValueError(f"{value} does not fit into int64")
        return value
    raise ValueError(f"{json.dumps(value, ensure_ascii=False)[:60]} is no {kind}")
