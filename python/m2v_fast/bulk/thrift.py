"""Thrift's compact protocol, as far as Parquet's metadata use it, without knowing their fields.

A struct is a dict: of each field's number, its type and its value. A list is its elements' type
and a list of them. What is read and written again is the same, whatever later versions of Parquet
added; libraries of Thrift read what their definitions name, and would lose the rest.
"""

from __future__ import annotations

import struct
from typing import Any

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, _MAP, STRUCT = range(1, 13)

Struct = dict[int, tuple[int, Any]]
"""Fields by number: type and value."""


def integer(value: int) -> bytes:
    """Return a number from 0 on in as many bytes as it needs, seven bits each."""
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)


def encode(fields: Struct) -> bytes:
    """Return the bytes of a struct."""
    made = bytearray()
    _put_struct(made, fields)
    return bytes(made)


def _put_struct(made: bytearray, fields: Struct) -> None:
    before = 0
    for number, (kind, value) in sorted(fields.items()):
        step = number - before
        if 0 < step < 16:
            made.append(step << 4 | kind)
        else:
            made.append(kind)
            made += integer(number << 1)
        _put(made, kind, value)
        before = number
    made.append(0)


def _put(made: bytearray, kind: int, value: Any) -> None:
    if kind in (I16, I32, I64):
        # Small numbers of either sign become small ones without.
        made += integer(value << 1 if value >= 0 else (-value << 1) - 1)
    elif kind == BINARY:
        made += integer(len(value))
        made += value
    elif kind == STRUCT:
        _put_struct(made, value)
    elif kind in (LIST, SET):
        element, values = value
        if len(values) < 15:
            made.append(len(values) << 4 | element)
        else:
            made.append(0xF0 | element)
            made += integer(len(values))
        for one in values:
            if element in (TRUE, FALSE):
                made.append(TRUE if one else FALSE)
            else:
                _put(made, element, one)
    elif kind == BYTE:
        made.append(value & 0xFF)
    elif kind == DOUBLE:
        made += struct.pack("<d", value)
    elif kind not in (TRUE, FALSE):
        raise ValueError(f"type {kind} is none that Parquet uses")


def decode(data: bytes) -> Struct:
    """Read a struct from the beginning of some bytes.

    Raises:
        ValueError: They hold none.
    """
    try:
        return _Reader(data).struct()
    except (IndexError, struct.error) as error:
        raise ValueError("the metadata end too early") from error


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def struct(self) -> Struct:
        fields: Struct = {}
        number = 0
        while (head := self._byte()) != 0:
            step, kind = head >> 4, head & 0x0F
            number = number + step if step else self._signed()
            fields[number] = (kind, self._value(kind))
        return fields

    def _value(self, kind: int) -> Any:
        if kind in (TRUE, FALSE):
            return kind == TRUE
        if kind in (I16, I32, I64):
            return self._signed()
        if kind == BINARY:
            return self._bytes(self._integer())
        if kind == STRUCT:
            return self.struct()
        if kind in (LIST, SET):
            head = self._byte()
            element = head & 0x0F
            count = head >> 4 if head >> 4 < 15 else self._integer()
            if element in (TRUE, FALSE):
                return element, [self._byte() == TRUE for _ in range(count)]
            return element, [self._value(element) for _ in range(count)]
        if kind == BYTE:
            return self._byte()
        if kind == DOUBLE:
            return struct.unpack("<d", self._bytes(8))[0]
        raise ValueError(f"type {kind} is none that Parquet uses")

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _bytes(self, count: int) -> bytes:
        self._at += count
        if self._at > len(self._data):
            raise IndexError
        return self._data[self._at - count : self._at]

    def _integer(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 0x80:
            value |= (byte & 0x7F) << shift
            shift += 7
        return value | byte << shift

    def _signed(self) -> int:
        value = self._integer()
        return value >> 1 if value & 1 == 0 else -(value >> 1) - 1
