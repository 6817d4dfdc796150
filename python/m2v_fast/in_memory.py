"""Models whose files are in memory: the bytes of model.safetensors, and the texts beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from m2v_fast import options
from m2v_fast._native import ModelError
from m2v_fast.arrays import Parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The names of the file's number formats that arrays have as well.
_DTYPES = {"F16", "F32", "F64", "I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64"}
# What the format allows, so that a damaged length does not look like a long header.
_LONGEST_HEADER = 100_000_000


def state_of(
    model: bytes, tokenizer: bytes | str, config: bytes | str | Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return what `m2v_fast.copies.fill` makes a model of."""
    values = configuration(config)
    return {
        "parts": parts_of(model),
        "tokenizer": text_of(tokenizer, "tokenizer"),
        "config": values,
        "normalize": values.get("normalize"),
        "max_length": values.get("max_length", options.DEFAULT_MAX_LENGTH),
        "base_model_name": None,
        "language": None,
    }


def parts_of(data: bytes) -> Parts:
    """Take the arrays of a model out of the bytes of its model.safetensors, without a copy.

    Raises:
        ModelError: The bytes are not such a file, or a tensor is missing or damaged.
    """
    if not isinstance(data, bytes):
        raise TypeError(f"model must be the bytes of a safetensors file, not {_kind(data)}")
    entries, start = _header(data)
    rows = "embeddings" if "embeddings" in entries else "embedding.weight"
    if rows not in entries:
        raise ModelError(
            f"model: there is neither a tensor `embeddings` nor `embedding.weight`, but: "
            f"{', '.join(sorted(entries)) or 'none'}"
        )
    found = {
        name: _tensor(data, start, name, entries[name]) if name in entries else None
        for name in (rows, "weights", "mapping")
    }
    return Parts.of(found[rows], found["weights"], found["mapping"])


def _header(data: bytes) -> tuple[dict[str, Any], int]:
    length = int.from_bytes(data[:8], "little")
    start = 8 + length
    if len(data) < 8 or length > _LONGEST_HEADER or start > len(data):
        raise ModelError(f"model: {len(data)} bytes that are not a whole safetensors file")
    try:
        header = json.loads(data[8:start])
    except ValueError as error:
        raise ModelError(f"model: the header is not valid JSON: {error}") from None
    if not isinstance(header, dict):
        raise ModelError("model: the header is not a JSON object")
    header.pop("__metadata__", None)
    return header, start


def _tensor(data: bytes, start: int, name: str, entry: Any) -> NDArray[Any]:
    try:
        kind, shape = entry["dtype"], [int(size) for size in entry["shape"]]
        begin, end = (start + int(offset) for offset in entry["data_offsets"])
    except (KeyError, TypeError, ValueError):
        raise ModelError(f"model: the header does not describe the tensor `{name}`") from None
    dtype = _dtype(kind, name)
    if not (min(shape, default=0) >= 0 and start <= begin <= end <= len(data)):
        raise ModelError(f"model: the tensor `{name}` lies outside of the {len(data)} bytes")
    if end - begin != prod(shape) * dtype.itemsize:
        raise ModelError(
            f"model: the tensor `{name}` has {end - begin} bytes, and {shape} of {kind} do not fit"
        )
    array = np.frombuffer(data, np.uint8, end - begin, begin)
    # Files of the library align their tensors; others are copied.
    if array.ctypes.data % dtype.itemsize:
        array = array.copy()
    tensor: NDArray[Any] = array.view(dtype).reshape(shape)
    return tensor


def _dtype(kind: Any, name: str) -> np.dtype[Any]:
    if kind == "BF16":
        try:
            from ml_dtypes import bfloat16
        except ImportError as error:
            raise ImportError(
                f"`{name}` is stored as bfloat16, which NumPy lacks: pip install m2v-fast[bfloat16]"
            ) from error
        wide: np.dtype[Any] = np.dtype(bfloat16)
        return wide
    if kind not in _DTYPES:
        raise ModelError(f"model: the tensor `{name}` is stored as {kind}")
    return np.dtype(f"<{kind[0].lower()}{int(kind[1:]) // 8}")


def text_of(data: bytes | str, name: str) -> str:
    """Return a file's text.

    Raises:
        ModelError: The bytes are not UTF-8.
        TypeError: It is neither bytes nor a text.
    """
    if isinstance(data, str):
        return data
    if not isinstance(data, bytes):
        raise TypeError(f"{name} must be the contents of a file, bytes or str, not {_kind(data)}")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ModelError(f"{name}: not UTF-8: {error}") from None


def configuration(config: bytes | str | Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what a config.json says, or a mapping of the same.

    Raises:
        ModelError: It is not a JSON object, or `normalize` or `max_length` in it is not what
            it must be.
    """
    if config is None:
        return {}
    if isinstance(config, Mapping):
        values = dict(config)
    else:
        try:
            values = json.loads(text_of(config, "config"))
        except ValueError as error:
            if isinstance(error, ModelError):
                raise
            raise ModelError(f"config: not valid JSON: {error}") from None
        if not isinstance(values, dict):
            raise ModelError("config: not a JSON object")
    try:
        if values.get("normalize") is not None:
            options.truth(values["normalize"], "normalize")
        options.limit(values.get("max_length"))
    except (TypeError, ValueError) as error:
        raise ModelError(f"config: {error}") from None
    return values


def _kind(data: object) -> str:
    return type(data).__name__
