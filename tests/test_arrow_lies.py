"""Arrow data that contradicts itself: an error for each lie, released once, and nothing panics."""

from __future__ import annotations

import ctypes
import gc
import threading
from ctypes import c_int8, c_int32, c_int64
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support import c_data
from tests.support.c_data import Made, MadeStream, array, numbers, schema, utf8

if TYPE_CHECKING:
    from collections.abc import Callable

    from m2v_fast import StaticModel

TEXTS = [b"one text", b"another", b"and a third that is long"]


def _offsets(*ends: int, kind: Any = c_int32, format: bytes = b"u", **options: Any) -> Made:  # noqa: A002
    buffers = [None, numbers(kind, *ends), b"x" * 100]
    return Made(schema(format), array(len(ends) - 1, buffers, **options))


def _view(*views: bytes, sizes: list[int] | None = None, data: bytes | None = b"y" * 50) -> Made:
    size_list = [50] if sizes is None else sizes
    buffers = [None, b"".join(views), data, numbers(c_int64, *size_list)]
    return Made(schema(b"vu"), array(len(views), buffers))


def _long(length: int, index: int, offset: int) -> bytes:
    return numbers(c_int32, length, 0, index, offset)


def _coded(indices: bytes, values: Made | None, kind: bytes = b"c", rows: int = 3) -> Made:
    entries = None if values is None else values.array
    of = schema() if values is None else values.schema
    if values is None:
        of.release = c_data.Counter().callback(c_data.RELEASE_SCHEMA)
    return Made(schema(kind, dictionary=of), array(rows, [None, indices], dictionary=entries))


def _table(
    child: Made | None, *, length: int = 3, offset: int = 0, said: int | None = None
) -> Made:
    text = utf8(TEXTS) if child is None else child
    c_data.inner(text)
    text.schema.name = b"t"
    made = Made(
        schema(b"+s", children=[text.schema]),
        array(length, [None], offset=offset, children=[text.array]),
    )
    if said is not None:
        made.array.n_children = said
    return made


def _with(made: Made, part: str, **changes: Any) -> Made:
    for name, value in changes.items():
        setattr(getattr(made, part), name, value)
    return made


def _null_pointer(kind: Any) -> Any:
    return ctypes.POINTER(kind)()


NULL_BUFFERS = ctypes.POINTER(ctypes.c_void_p)()

#: What is wrong, and a word of the message. A number stands for the row that it must name.
LIES: dict[str, tuple[Callable[[], Made], str]] = {
    "not UTF-8": (lambda: utf8([b"fine", b"bad \xff byte", b"fine"]), "row 1: .*UTF-8 at byte 4"),
    "half a character": (lambda: utf8(["é".encode()[:1], "é".encode()[1:]]), "row 0: .*UTF-8"),
    "surrogate bytes": (lambda: utf8([b"", b"\xed\xa0\x80"]), "row 1: .*UTF-8"),
    "overlong": (lambda: utf8([b"\xc0\xaf"]), "row 0: .*UTF-8"),
    "long and not UTF-8": (lambda: utf8([b"a" * 5000 + b"\x80"]), "row 0: .*byte 5000"),
    "offsets decrease": (lambda: _offsets(0, 8, 4, 9), "row 1: .*8 and 4"),
    "offsets negative": (lambda: _offsets(-3, 4), "row 0: .*-3"),
    "large offsets decrease": (lambda: _offsets(0, 9, 3, kind=c_int64, format=b"U"), "row 1"),
    "large offsets beyond memory": (
        lambda: _offsets(-(1 << 63), -1, kind=c_int64, format=b"U"),
        "row 0",
    ),
    "no offsets": (lambda: Made(schema(), array(2, [None, None, b"x"])), "buffer 1 is missing"),
    "no values": (
        lambda: Made(schema(), array(1, [None, numbers(c_int32, 0, 4), None])),
        "row 0: .*missing",
    ),
    "too few buffers": (lambda: Made(schema(), array(1, [None, None])), "2 Arrow buffers.*3"),
    "too many buffers": (lambda: Made(schema(), array(1, [None] * 4)), "4 Arrow buffers"),
    "no buffers at all": (lambda: _with(utf8(TEXTS), "array", buffers=NULL_BUFFERS), "has none"),
    "buffers negative": (lambda: _with(utf8(TEXTS), "array", n_buffers=-1), "buffers is -1"),
    "buffers beyond count": (lambda: _with(utf8(TEXTS), "array", n_buffers=1 << 40), "buffers"),
    "length negative": (lambda: _with(utf8(TEXTS), "array", length=-1), "length is -1"),
    "offset negative": (lambda: _with(utf8(TEXTS), "array", offset=-1), "offset is -1"),
    "length beyond memory": (
        lambda: _with(utf8(TEXTS), "array", length=(1 << 63) - 1),
        "more than there can be",
    ),
    "offset beyond memory": (
        lambda: _with(utf8(TEXTS), "array", offset=(1 << 63) - 1),
        "more than there can be",
    ),
    "nulls negative": (lambda: _with(utf8(TEXTS), "array", null_count=-2), "-2 of its 3"),
    "nulls beyond rows": (lambda: _with(utf8(TEXTS), "array", null_count=4), "4 of its 3"),
    "nulls without bits": (
        lambda: _with(utf8(TEXTS), "array", null_count=1),
        "does not say which",
    ),
    "nulls more than said": (
        lambda: Made(
            schema(), array(3, [b"\x05", numbers(c_int32, 0, 1, 2, 3), b"abc"], null_count=0)
        ),
        "says that 0 rows are null, and marks 1",
    ),
    "no format": (lambda: Made(schema(None), utf8(TEXTS).array), "no format"),
    "unknown format": (lambda: Made(schema(b"\xff?"), utf8(TEXTS).array), "strings is needed"),
    "view too long": (lambda: _view(_long(51, 0, 0)), "row 0: .*51 bytes from byte 0 on, of 50"),
    "view beyond the end": (lambda: _view(_long(13, 0, 38)), "row 0: .*from byte 38"),
    "view before the start": (lambda: _view(_long(13, 0, -1)), "row 0: .*byte -1"),
    "view of no buffer": (lambda: _view(_long(13, 1, 0)), "row 0: .*buffer 1 of 1"),
    "view of a buffer before": (lambda: _view(_long(13, -1, 0)), "row 0: .*buffer -1"),
    "view of negative length": (lambda: _view(_long(-1, 0, 0)), "row 0: .*-1 bytes"),
    "view not UTF-8": (
        lambda: _view(b"\x02\x00\x00\x00ok" + bytes(10), b"\x01\x00\x00\x00\xff" + bytes(11)),
        "row 1: .*UTF-8",
    ),
    "view sizes negative": (lambda: _view(_long(13, 0, 0), sizes=[-1]), "size is wrong"),
    "view buffer missing": (lambda: _view(_long(13, 0, 0), data=None), "missing"),
    "view sizes missing": (
        lambda: Made(schema(b"vu"), array(1, [None, bytes(16), b"y" * 50, None])),
        "sizes",
    ),
    "view without buffers": (
        lambda: Made(schema(b"vu"), array(1, [None, bytes(16)])),
        "at least 3",
    ),
    "index beyond": (lambda: _coded(b"\x00\x03\x01", utf8(TEXTS)), "row 1: .*index.*3"),
    "index negative": (lambda: _coded(b"\x00\x01\xff", utf8(TEXTS)), "row 2: .*index"),
    "index huge": (
        lambda: _coded(numbers(c_int64, 0, -1, 0), utf8(TEXTS), b"L"),
        "row 1: .*index",
    ),
    "index of floats": (lambda: _coded(bytes(12), utf8(TEXTS), b"f"), "dictionary indices"),
    "no dictionary": (lambda: _coded(bytes(3), None), "dictionary is missing"),
    "no indices": (
        lambda: _with(_coded(bytes(3), utf8(TEXTS)), "array", buffers=NULL_BUFFERS),
        "has none",
    ),
    "released dictionary": (
        lambda: _coded(bytes(3), _with(utf8(TEXTS), "array", release=c_data.RELEASE_ARRAY())),
        "dictionary is missing or released",
    ),
    "dictionary not UTF-8": (
        lambda: _coded(b"\x01\x01\x00", utf8([b"\xff", b"fine"])),
        "row 2: .*UTF-8",
    ),
    "children missing": (
        lambda: _with(
            _table(None), "array", children=ctypes.POINTER(ctypes.POINTER(c_data.Array))()
        ),
        "has none",
    ),
    "schema's children missing": (
        lambda: _with(
            _table(None), "schema", children=ctypes.POINTER(ctypes.POINTER(c_data.Schema))()
        ),
        "has none",
    ),
    "children fewer": (lambda: _table(None, said=0), "0 Arrow children"),
    "children negative": (lambda: _table(None, said=-1), "-1 Arrow children"),
    "schema's children negative": (
        lambda: _with(_table(None), "schema", n_children=-5),
        "-5 children",
    ),
    "schema's children beyond count": (
        lambda: _with(_table(None), "schema", n_children=1 << 60),
        "children",
    ),
    "child shorter": (lambda: _table(None, length=4), "has 3 rows.*4"),
    "child shorter than the offset": (lambda: _table(None, length=2, offset=2), "from row 2"),
    "released child": (
        lambda: _table(_with(utf8(TEXTS), "array", release=c_data.RELEASE_ARRAY())),
        "missing or released",
    ),
    "released child of the schema": (
        lambda: _table(_with(utf8(TEXTS), "schema", release=c_data.RELEASE_SCHEMA())),
        "missing or released",
    ),
    "child not UTF-8": (lambda: _table(utf8([b"a", b"b", b"\xfe"])), "row 2: .*UTF-8"),
    "nulls that are not strings": (
        lambda: Made(schema(b"n"), array(3, [None, None], null_count=3)),
        "buffers",
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_an_error_and_everything_is_released(model: StaticModel, name: str) -> None:
    make, message = LIES[name]
    for encode in (model.encode, model.encode_arrow):
        made = make()
        with pytest.raises((ValueError, TypeError), match=message):
            encode(made)
        assert (made.schema_released.count, made.array_released.count) == (1, 1)
        made = make()
        stream = MadeStream(made.schema, [made.array])
        with pytest.raises((ValueError, TypeError), match=message):
            encode(stream)
        assert stream.released.count == 1


def test_the_row_counts_from_the_first_chunk(model: StaticModel) -> None:
    fine, bad = utf8(TEXTS), utf8([b"a", b"\xff"])
    with pytest.raises(ValueError, match=r"row 7: .*UTF-8"):
        model.encode_arrow(MadeStream(fine.schema, [fine.array, fine.array, bad.array]))
    lie = _offsets(5, 2)
    with pytest.raises(ValueError, match=r"row 3: .*offsets"):
        model.encode_arrow(MadeStream(fine.schema, [fine.array, lie.array]))


def test_what_keeps_to_the_interface_is_taken(model: StaticModel) -> None:
    expected = model.encode([text.decode() for text in TEXTS])
    makers: tuple[Callable[[], Made], ...] = (
        lambda: utf8(TEXTS),
        lambda: utf8([b"no", *TEXTS], offset=1),
        lambda: _with(utf8(TEXTS), "array", null_count=-1),
        lambda: _table(None),
        lambda: _coded(b"\x00\x01\x02", utf8(TEXTS)),
    )
    for make in makers:
        made = make()
        if made.array.offset:
            made.array.length -= 1
        assert np.array_equal(np.asarray(model.encode_arrow(made)), expected)
        assert (made.schema_released.count, made.array_released.count) == (1, 1)
    # No rows may come without buffers; texts of no bytes, without their buffer.
    assert len(model.encode_arrow(Made(schema(), array(0, [None, None, None])))) == 0
    empty = Made(schema(), array(2, [None, numbers(c_int32, 0, 0, 0), None]))
    assert not np.asarray(model.encode_arrow(empty)).any()
    # What a null's view or index says does not count.
    views = _view(_long(99, 7, 7), b"\x02\x00\x00\x00ok" + bytes(10))
    views.array.buffers[0] = c_data.buffer(b"\x02")
    views.array.null_count = 1
    assert model.encode_arrow(views).null_count == 1
    coded = _coded(b"\x7f\x00\x01", utf8(TEXTS))
    coded.array.buffers[0] = c_data.buffer(b"\x06")
    coded.array.null_count = 1
    assert model.encode_arrow(coded).null_count == 1
    # Null, as Polars hands it over: with a buffer that is not there; and without one.
    lots: list[list[bytes | None]] = [[None], []]
    for buffers in lots:
        nulls = Made(schema(b"n"), array(4, buffers, null_count=4))
        assert model.encode_arrow(nulls).null_count == 4


def test_numbers_need_not_be_aligned(model: StaticModel) -> None:
    made = utf8(TEXTS)
    offsets = b"?" + numbers(c_int32, 0, 8, 15, 39)
    made.array.buffers[1] = c_data.buffer(offsets) + 1  # type: ignore[operator]
    expected = model.encode([text.decode() for text in TEXTS])
    assert np.array_equal(np.asarray(model.encode_arrow(made)), expected)


def test_more_rows_than_memory(model: StaticModel) -> None:
    for rows in (1 << 40, 1 << 57):
        nulls = Made(schema(b"n"), array(rows, [], null_count=rows))
        with pytest.raises((MemoryError, ValueError)):
            model.encode_arrow(nulls)


def test_a_capsule_is_taken_once(model: StaticModel) -> None:
    made = utf8(TEXTS)

    class Once:
        def __init__(self) -> None:
            self.capsules = made.__arrow_c_array__()

        def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
            return self.capsules

    once = Once()
    model.encode(once)
    with pytest.raises(ValueError, match="taken already"):
        model.encode(once)
    assert made.array_released.count == 1

    fine = utf8(TEXTS)
    stream = MadeStream(fine.schema, [fine.array])
    model.encode_arrow(stream)
    with pytest.raises(ValueError, match="taken already"):
        model.encode_arrow(stream)
    assert stream.released.count == 1


class Returns:
    """Exports what it was given."""

    def __init__(self, stream: Any = None, array: Any = None) -> None:
        if stream is not None:
            self.__dict__["__arrow_c_stream__"] = lambda: stream
        if array is not None:
            self.__dict__["__arrow_c_array__"] = lambda: array


def test_what_is_no_capsule(model: StaticModel) -> None:
    fine = utf8(TEXTS)
    schema_capsule, array_capsule = fine.__arrow_c_array__()
    wrongs: tuple[Any, ...] = (
        Returns(stream=3),
        Returns(stream=schema_capsule),
        Returns(stream="a"),
        Returns(array=3),
        Returns(array=(schema_capsule,)),
        Returns(array=(array_capsule, schema_capsule)),
        Returns(array=(schema_capsule, None)),
        Returns(array=(schema_capsule, array_capsule, array_capsule)),
    )
    for wrong in wrongs:
        with pytest.raises(TypeError, match=r"capsule|pair"):
            model.encode_arrow(wrong)
    assert fine.array_released.count == 0

    class Fails:
        def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
            raise RuntimeError("no stream today")

    with pytest.raises(RuntimeError, match="no stream today"):
        model.encode_arrow(Fails())


ERRNOS = {22: ValueError, 12: MemoryError, 38: NotImplementedError, 5: OSError, -1: OSError}


@pytest.mark.parametrize("errno", ERRNOS)
def test_a_stream_that_fails_says_why(model: StaticModel, errno: int) -> None:
    fine = utf8(TEXTS)
    for stream in (
        MadeStream(fine.schema, [fine.array, errno]),
        MadeStream(fine.schema, [], schema_error=errno),
    ):
        with pytest.raises(ERRNOS[errno], match="it is what it is"):
            model.encode_arrow(stream)
        assert stream.released.count == 1
    silent = MadeStream(fine.schema, [errno], message=None)
    with pytest.raises(ERRNOS[errno], match="does not say why"):
        model.encode_arrow(silent)
    mute = MadeStream(fine.schema, [errno])
    mute.stream.get_last_error = c_data.LAST_ERROR()
    with pytest.raises(ERRNOS[errno], match="does not say why"):
        model.encode_arrow(mute)


def test_a_stream_without_callbacks(model: StaticModel) -> None:
    fine = utf8(TEXTS)
    for name, empty in (("get_schema", c_data.GET_SCHEMA()), ("get_next", c_data.GET_NEXT())):
        stream = MadeStream(fine.schema, [fine.array])
        setattr(stream.stream, name, empty)
        with pytest.raises(ValueError, match=name):
            model.encode_arrow(stream)
        assert stream.released.count == 1


def test_arrays_of_a_stream_are_released_after_they_were_read(model: StaticModel) -> None:
    fine, bad = utf8(TEXTS), _offsets(3, 1)
    stream = MadeStream(fine.schema, [fine.array] * 5)
    model.encode(stream)
    assert (stream.released.count, stream.arrays_released.count) == (1, 5)
    stream = MadeStream(fine.schema, [fine.array, fine.array, bad.array, fine.array])
    with pytest.raises(ValueError, match="row 6"):
        model.encode(stream)
    assert (stream.released.count, stream.arrays_released.count) == (1, 3)


def test_a_stream_may_need_the_interpreter_in_another_thread(model: StaticModel) -> None:
    """As a query does that calls a function of Python's in its own threads."""
    fine = utf8(TEXTS)
    done = []

    def elsewhere() -> None:
        thread = threading.Thread(target=lambda: done.append(sum(range(1000))))
        thread.start()
        thread.join(30)

    stream = MadeStream(fine.schema, [fine.array], before=elsewhere)
    assert len(model.encode_arrow(stream)) == 3
    assert len(done) == 2


def test_exports_are_released_by_whoever_has_them(model: StaticModel) -> None:
    vectors: Any = model.encode_arrow(utf8(TEXTS))
    # Not taken: the capsules release what is in them.
    for _ in range(3):
        vectors.__arrow_c_array__()
        vectors.__arrow_c_stream__()
        vectors.__arrow_c_schema__()
    gc.collect()
    # A consumer may take a child and release the rest.
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    _, capsule = vectors.__arrow_c_array__()
    parent = c_data.Array.from_address(get(capsule, b"arrow_array"))
    assert (parent.n_buffers, parent.n_children, parent.length) == (1, 1, 3)
    child = c_data.Array()
    ctypes.memmove(ctypes.addressof(child), parent.children[0], ctypes.sizeof(c_data.Array))
    parent.children[0].contents.release = c_data.RELEASE_ARRAY()
    expected = np.asarray(vectors).copy()
    del vectors, capsule
    gc.collect()
    floats = (ctypes.c_float * child.length).from_address(child.buffers[1])
    assert np.array_equal(np.array(floats).reshape(expected.shape), expected)
    child.release(ctypes.pointer(child))
    assert not child.release
    assert numbers(c_int8, 1) == b"\x01"
