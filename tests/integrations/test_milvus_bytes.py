"""Vectors of `encode(output_dtype=…)` in pymilvus' requests: the bytes that Milvus stores.

Milvus Lite takes float vectors only; the requests to a server are built by the same code.
"""

from __future__ import annotations

import struct
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from m2v_fast import BUNDLED_MODEL, StaticModel, demo

if find_spec("pymilvus") is None:
    pytest.skip("needs pymilvus", allow_module_level=True)

from pymilvus import CollectionSchema, DataType, FieldSchema
from pymilvus.client.prepare import Prepare
from pymilvus.client.types import PlaceholderType
from pymilvus.exceptions import MilvusException
from pymilvus.grpc_gen import common_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

TEXTS = [*demo.DOCUMENTS, *demo.QUERIES, ""]


def halves(vector: NDArray[np.float32]) -> bytes:
    """IEEE half precision, little-endian."""
    return struct.pack(f"<{len(vector)}e", *vector.tolist())


def upper_halves(vector: NDArray[np.float32]) -> bytes:
    """bfloat16: the upper half of the float32, rounded to the nearest, ties to even."""
    out = b""
    for (bits,) in struct.iter_unpack("<I", vector.tobytes()):
        out += struct.pack("<H", (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16)
    return out


def signs(vector: NDArray[np.float32]) -> bytes:
    """A bit for each value, 1 if it is positive, the first in the highest place."""
    bits = "".join("1" if value > 0 else "0" for value in vector)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def steps(vector: NDArray[np.float32]) -> bytes:
    """The range -1 to 1 in 255 steps from -128."""
    step = np.float32(2) / np.float32(255)
    places = [int((value + np.float32(1)) / step - np.float32(128)) for value in vector]
    return struct.pack(f"{len(places)}b", *places)


#: output_dtype -> Milvus' type, the field of the request, the bytes, the type of a query
KINDS: dict[str, tuple[DataType, str, Callable[[Any], bytes], int]] = {
    "float16": (
        DataType.FLOAT16_VECTOR,
        "float16_vector",
        halves,
        PlaceholderType.FLOAT16_VECTOR,
    ),
    "bfloat16": (
        DataType.BFLOAT16_VECTOR,
        "bfloat16_vector",
        upper_halves,
        PlaceholderType.BFLOAT16_VECTOR,
    ),
    "int8": (DataType.INT8_VECTOR, "int8_vector", steps, PlaceholderType.Int8Vector),
    "ubinary": (DataType.BINARY_VECTOR, "binary_vector", signs, PlaceholderType.BinaryVector),
}


@pytest.fixture(scope="module")
def model() -> StaticModel:
    """The bundled model, whose vectors are normalized."""
    return StaticModel.from_pretrained(BUNDLED_MODEL)


def encode(model: StaticModel, output_dtype: Any) -> NDArray[Any]:
    """The texts' vectors in a number format; normalized values lie between -1 and 1."""
    ranges = np.stack([np.full(model.dim, -1.0), np.full(model.dim, 1.0)])
    return model.encode(TEXTS, output_dtype=output_dtype, ranges=ranges)


def inserted(kind: DataType, dim: int, vectors: Any) -> Any:
    """The vectors in the request that `MilvusClient.insert` sends."""
    schema = CollectionSchema(
        [
            FieldSchema("id", DataType.INT64, is_primary=True),
            FieldSchema("vector", kind, dim=dim),
        ]
    )
    rows = [{"id": i, "vector": vector} for i, vector in enumerate(vectors)]
    request = Prepare.row_insert_param("texts", rows, "", schema.to_dict()["fields"])
    assert request.num_rows == len(rows)
    [field] = [data for data in request.fields_data if data.field_name == "vector"]
    return field.vectors


@pytest.mark.parametrize("output_dtype", KINDS)
def test_inserted_bytes(model: StaticModel, output_dtype: str) -> None:
    kind, name, packed, _ = KINDS[output_dtype]
    vectors = encode(model, output_dtype)
    field = inserted(kind, model.dim, vectors)
    assert field.dim == model.dim
    expected = b"".join(packed(vector) for vector in model.encode(TEXTS))
    assert getattr(field, name) == expected
    # And so they may be passed as bytes.
    assert vectors.tobytes() == expected
    as_bytes = inserted(kind, model.dim, [vector.tobytes() for vector in vectors])
    assert getattr(as_bytes, name) == expected


def test_inserted_floats(model: StaticModel) -> None:
    vectors = model.encode(TEXTS)
    field = inserted(DataType.FLOAT_VECTOR, model.dim, vectors)
    assert field.dim == model.dim
    assert field.float_vector.data == vectors.ravel().tolist()


@pytest.mark.parametrize("output_dtype", ["float32", *KINDS])
def test_bytes_of_queries(model: StaticModel, output_dtype: str) -> None:
    vectors = encode(model, output_dtype)
    # Bits are always passed as bytes, since an array of uint8 could be anything.
    bits = output_dtype == "ubinary"
    queries = [vector.tobytes() if bits else vector for vector in vectors]
    found = Prepare._prepare_placeholder_str(queries)
    group = common_pb2.PlaceholderGroup.FromString(found)
    [placeholder] = group.placeholders
    kind = PlaceholderType.FloatVector if output_dtype == "float32" else KINDS[output_dtype][3]
    assert placeholder.type == kind
    assert list(placeholder.values) == [vector.tobytes() for vector in vectors]


def test_signed_bits_are_the_others_less_128(model: StaticModel) -> None:
    # Milvus' bits are "ubinary"; "binary" has the highest bit of each byte turned around.
    signed, unsigned = encode(model, "binary"), encode(model, "ubinary")
    assert (signed.view(np.uint8) == unsigned ^ 0x80).all()


@pytest.mark.parametrize(
    ("output_dtype", "kind"),
    [
        ("bfloat16", DataType.FLOAT16_VECTOR),
        ("float16", DataType.BFLOAT16_VECTOR),
        ("uint8", DataType.INT8_VECTOR),
        ("float16", DataType.FLOAT_VECTOR),
    ],
)
def test_the_wrong_format_is_refused(model: StaticModel, output_dtype: str, kind: DataType) -> None:
    with pytest.raises(MilvusException):
        inserted(kind, model.dim, encode(model, output_dtype))
