"""safetensors files written and read by hand, so that bfloat16 and damaged files can be made too.

A file is: header length (u64, little-endian), a JSON header, the data of all tensors.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from pathlib import Path

Array = npt.NDArray[Any]

#: Element types by their names in the file; bfloat16 has none in NumPy.
NUMPY_OF: dict[str, str] = {
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
    "I8": "i1",
    "I32": "<i4",
    "I64": "<i8",
}
NAME_OF: dict[str, str] = {
    "float16": "F16",
    "float32": "F32",
    "float64": "F64",
    "int8": "I8",
    "int16": "I16",
    "int32": "I32",
    "int64": "I64",
    "uint8": "U8",
    "uint32": "U32",
    "bool": "BOOL",
}


@dataclass(frozen=True)
class Tensor:
    """One tensor as it lies in the file."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes

    @staticmethod
    def of(array: Array) -> Tensor:
        """The tensor that holds `array`."""
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        return Tensor(NAME_OF[array.dtype.name], tuple(array.shape), little.tobytes())

    @staticmethod
    def bfloat16(array: npt.NDArray[np.float32]) -> Tensor:
        """`array` with the lower 16 bits of every value cut off."""
        upper = (np.ascontiguousarray(array, np.float32).view(np.uint32) >> 16).astype("<u2")
        return Tensor("BF16", tuple(array.shape), upper.tobytes())

    def array(self) -> Array:
        """The values; those of bfloat16 as float32, which holds them exactly."""
        if self.dtype == "BF16":
            wide = np.frombuffer(self.data, "<u2").astype(np.uint32) << 16
            return wide.view(np.float32).reshape(self.shape)
        return np.frombuffer(self.data, NUMPY_OF[self.dtype]).reshape(self.shape)


def file_bytes(
    tensors: dict[str, Tensor], *, shift: int = 0, metadata: dict[str, str] | None = None
) -> bytes:
    """A whole file. The data starts `shift` bytes past a multiple of 64."""
    header: dict[str, Any] = {} if metadata is None else {"__metadata__": metadata}
    offset = 0
    for name, tensor in tensors.items():
        end = offset + len(tensor.data)
        header[name] = {
            "dtype": tensor.dtype,
            "shape": list(tensor.shape),
            "data_offsets": [offset, end],
        }
        offset = end
    text = json.dumps(header).encode()
    text += b" " * ((shift - 8 - len(text)) % 64)
    return struct.pack("<Q", len(text)) + text + b"".join(t.data for t in tensors.values())


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of a file."""
    raw = path.read_bytes()
    (length,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8 : 8 + length])
    data = raw[8 + length :]
    return {
        name: Tensor(entry["dtype"], tuple(entry["shape"]), data[slice(*entry["data_offsets"])])
        for name, entry in header.items()
        if name != "__metadata__"
    }


def random_matrix(rows: int, width: int, dtype: str, seed: int = 0) -> Tensor:
    """A seeded matrix as distilled models have them: values around zero, about 0.1 in size."""
    rng = np.random.default_rng(seed)
    values = (rng.standard_normal((rows, width)) * 0.1).astype(np.float32)
    if dtype == "bfloat16":
        return Tensor.bfloat16(values)
    if dtype == "int8":
        return Tensor.of(np.clip(np.rint(values * 300), -127, 127).astype(np.int8))
    if dtype == "float64":
        return Tensor.of(rng.standard_normal((rows, width)) * 0.1)
    return Tensor.of(values.astype(dtype))
