"""The Arrow C data interface by hand: producers that keep to it, and producers that lie."""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable


class Schema(Structure):
    """`struct ArrowSchema`."""


class Array(Structure):
    """`struct ArrowArray`."""


class Stream(Structure):
    """`struct ArrowArrayStream`."""


RELEASE_SCHEMA = CFUNCTYPE(None, POINTER(Schema))
RELEASE_ARRAY = CFUNCTYPE(None, POINTER(Array))
RELEASE_STREAM = CFUNCTYPE(None, POINTER(Stream))
GET_SCHEMA = CFUNCTYPE(c_int, POINTER(Stream), POINTER(Schema))
GET_NEXT = CFUNCTYPE(c_int, POINTER(Stream), POINTER(Array))
# A pointer and not c_char_p, for which callbacks keep nothing alive.
LAST_ERROR = CFUNCTYPE(c_void_p, POINTER(Stream))

Schema._fields_ = [
    ("format", c_char_p),
    ("name", c_char_p),
    ("metadata", c_char_p),
    ("flags", c_int64),
    ("n_children", c_int64),
    ("children", POINTER(POINTER(Schema))),
    ("dictionary", POINTER(Schema)),
    ("release", RELEASE_SCHEMA),
    ("private_data", c_void_p),
]
Array._fields_ = [
    ("length", c_int64),
    ("null_count", c_int64),
    ("offset", c_int64),
    ("n_buffers", c_int64),
    ("n_children", c_int64),
    ("buffers", POINTER(c_void_p)),
    ("children", POINTER(POINTER(Array))),
    ("dictionary", POINTER(Array)),
    ("release", RELEASE_ARRAY),
    ("private_data", c_void_p),
]
Stream._fields_ = [
    ("get_schema", GET_SCHEMA),
    ("get_next", GET_NEXT),
    ("get_last_error", LAST_ERROR),
    ("release", RELEASE_STREAM),
    ("private_data", c_void_p),
]

_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = [c_void_p, c_char_p, c_void_p]

#: What is lent out lives as long as the tests.
_alive: list[Any] = []


def capsule(structure: Structure, name: bytes) -> Any:
    """A capsule of a structure, which it does not own."""
    _alive.append((structure, name))
    return _new_capsule(ctypes.addressof(structure), name, None)


class Counter:
    """How often something was released."""

    def __init__(self) -> None:
        self.count = 0

    def callback(self, kind: Any) -> Any:
        """A release callback that counts."""

        def release(pointer: Any) -> None:
            self.count += 1
            pointer.contents.release = kind()

        made = kind(release)
        _alive.append(made)
        return made


@dataclass
class Made:
    """An array and its schema, and whether they were released."""

    schema: Schema
    array: Array
    schema_released: Counter = field(default_factory=Counter)
    array_released: Counter = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.schema.release = self.schema_released.callback(RELEASE_SCHEMA)
        self.array.release = self.array_released.callback(RELEASE_ARRAY)

    def __arrow_c_array__(self, requested_schema: Any = None) -> tuple[Any, Any]:
        return capsule(self.schema, b"arrow_schema"), capsule(self.array, b"arrow_array")


def buffer(data: bytes | None) -> int | None:
    """The address of a copy of some bytes."""
    if data is None:
        return None
    made = ctypes.create_string_buffer(data, len(data) + 64)
    _alive.append(made)
    return ctypes.addressof(made)


def schema(
    format: bytes | None = b"u",  # noqa: A002 - the interface's name
    name: bytes | None = b"",
    children: list[Schema] | None = None,
    dictionary: Schema | None = None,
) -> Schema:
    """A schema."""
    made = Schema(format, name, None, 2, 0)
    if children is not None:
        pointers = (POINTER(Schema) * len(children))(*map(ctypes.pointer, children))
        made.n_children, made.children = len(children), pointers
        _alive.append(pointers)
    if dictionary is not None:
        made.dictionary = ctypes.pointer(dictionary)
    _alive.append((format, name))
    return made


def array(
    length: int,
    buffers: list[bytes | None],
    *,
    null_count: int = 0,
    offset: int = 0,
    children: list[Array] | None = None,
    dictionary: Array | None = None,
) -> Array:
    """An array over copies of some buffers."""
    addresses = (c_void_p * max(len(buffers), 1))(*map(buffer, buffers))
    made = Array(length, null_count, offset, len(buffers), 0, addresses)
    if children is not None:
        pointers = (POINTER(Array) * len(children))(*map(ctypes.pointer, children))
        made.n_children, made.children = len(children), pointers
        _alive.append(pointers)
    if dictionary is not None:
        made.dictionary = ctypes.pointer(dictionary)
    _alive.append(addresses)
    return made


def inner(made: Made) -> Made:
    """Something to be a child or a dictionary: with a release callback of its own."""
    _alive.append(made)
    return made


def numbers(kind: Any, *values: int) -> bytes:
    """Integers as a buffer."""
    return bytes((kind * len(values))(*values))


def utf8(rows: list[bytes], **options: Any) -> Made:
    """A column of strings."""
    ends = [0]
    for row in rows:
        ends.append(ends[-1] + len(row))
    buffers = [None, numbers(ctypes.c_int32, *ends), b"".join(rows)]
    return Made(schema(), array(len(rows), buffers, **options))


@dataclass
class MadeStream:
    """A stream of some arrays, and what became of it."""

    schema: Schema
    arrays: list[Any]
    """Arrays, or numbers: errors to return in their place."""
    message: bytes | None = b"it is what it is"
    schema_error: int = 0
    before: Callable[[], None] = lambda: None
    """Called before each array."""
    stream: Stream = field(default_factory=Stream)
    released: Counter = field(default_factory=Counter)
    arrays_released: Counter = field(default_factory=Counter)

    RELEASED: ClassVar[Any] = RELEASE_STREAM

    def __post_init__(self) -> None:
        schema_released = Counter().callback(RELEASE_SCHEMA)
        array_released = self.arrays_released.callback(RELEASE_ARRAY)
        left = list(self.arrays)

        def get_schema(_: Any, out: Any) -> int:
            if self.schema_error:
                return self.schema_error
            ctypes.memmove(out, ctypes.addressof(self.schema), ctypes.sizeof(Schema))
            out.contents.release = schema_released
            return 0

        def get_next(_: Any, out: Any) -> int:
            self.before()
            if not left:
                out.contents.release = RELEASE_ARRAY()
                return 0
            item = left.pop(0)
            if isinstance(item, int):
                return item
            ctypes.memmove(out, ctypes.addressof(item), ctypes.sizeof(Array))
            out.contents.release = array_released
            return 0

        message = buffer(self.message)
        self.stream.get_schema = GET_SCHEMA(get_schema)
        self.stream.get_next = GET_NEXT(get_next)
        self.stream.get_last_error = LAST_ERROR(lambda _: message)
        self.stream.release = self.released.callback(RELEASE_STREAM)
        _alive.append(self)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return capsule(self.stream, b"arrow_array_stream")
