"""Columns in Arrow's memory format: what a list gives, bit for bit, nothing copied."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from m2v_fast import Model2VecEmbeddingFunction, StaticModel

from tests.support import process, texts
from tests.support.compare import assert_same_bits

if TYPE_CHECKING:
    from collections.abc import Callable

pa: Any = importlib.import_module("pyarrow")
pl: Any = importlib.import_module("polars")
pandas: Any = importlib.import_module("pandas")
nanoarrow: Any = importlib.import_module("nanoarrow")
arro3: Any = importlib.import_module("arro3.core")
duckdb: Any = importlib.import_module("duckdb")

#: Short and long ones, so that string views are of both kinds; twice over, for dictionaries.
ROWS = [
    "short",
    "",
    "a text of more than twelve bytes",
    *texts.MULTILINGUAL,
    "short",
    "twelve bytes",
]
HALF = len(ROWS) // 2


def _sliced(kind: Any) -> Any:
    return pa.array(["before", "no", *ROWS, "after"], kind)[2:-1]


def _duckdb(query: str = "select t from rows") -> Any:
    connection = duckdb.connect()
    rows = pa.table({"t": ROWS, "n": range(len(ROWS))})
    connection.register("rows", rows)
    return connection.sql(query)


PRODUCERS: dict[str, Callable[[], Any]] = {
    "pyarrow string": lambda: pa.array(ROWS),
    "pyarrow large_string": lambda: pa.array(ROWS, pa.large_string()),
    "pyarrow string_view": lambda: pa.array(ROWS, pa.string_view()),
    "pyarrow string sliced": lambda: _sliced(pa.string()),
    "pyarrow large_string sliced": lambda: _sliced(pa.large_string()),
    "pyarrow string_view sliced": lambda: _sliced(pa.string_view()),
    "pyarrow dictionary": lambda: pa.array(ROWS).dictionary_encode(),
    "pyarrow dictionary sliced": lambda: _sliced(pa.string()).dictionary_encode()[:],
    "pyarrow dictionary int8": lambda: pa.DictionaryArray.from_arrays(
        pa.array(range(len(ROWS)), pa.int8()), pa.array(ROWS)
    ),
    "pyarrow dictionary uint64": lambda: pa.DictionaryArray.from_arrays(
        pa.array(range(len(ROWS)), pa.uint64()), pa.array(ROWS, pa.large_string())
    ),
    "pyarrow dictionary of a slice": lambda: pa.DictionaryArray.from_arrays(
        pa.array(range(len(ROWS)), pa.int16()), _sliced(pa.string_view())
    ),
    "pyarrow chunked": lambda: pa.chunked_array([ROWS[:3], [], ROWS[3:HALF], ROWS[HALF:]]),
    "pyarrow chunked dictionary": lambda: pa.chunked_array(
        [ROWS[:HALF], ROWS[HALF:]]
    ).dictionary_encode(),
    "pyarrow chunked dictionaries": lambda: pa.chunked_array(
        [pa.array(ROWS[:HALF]).dictionary_encode(), pa.array(ROWS[HALF:]).dictionary_encode()]
    ),
    "pyarrow table": lambda: pa.table({"n": range(len(ROWS)), "t": ROWS}),
    "pyarrow batch": lambda: pa.record_batch({"n": range(len(ROWS)), "t": ROWS}),
    "pyarrow batch sliced": lambda: pa.record_batch({"t": ["no", *ROWS, "no"]})[1:-1],
    "pyarrow struct": lambda: pa.StructArray.from_arrays(
        [pa.array(["x", *ROWS]), pa.array(range(len(ROWS) + 1))], ["t", "n"]
    )[1:],
    "pyarrow reader": lambda: pa.table({"t": ROWS}).to_reader(5),
    "polars Series": lambda: pl.Series(ROWS),
    "polars sliced": lambda: pl.Series(["no", *ROWS, "no"])[1:-1],
    "polars chunked": lambda: pl.concat(
        [pl.Series(ROWS[:HALF]), pl.Series(ROWS[HALF:])], rechunk=False
    ),
    "polars categorical": lambda: pl.Series(ROWS, dtype=pl.Categorical),
    "polars DataFrame": lambda: pl.DataFrame({"n": range(len(ROWS)), "t": ROWS}),
    "pandas Series": lambda: pandas.Series(ROWS),
    "pandas object": lambda: pandas.Series(ROWS, dtype=object),
    "pandas ArrowDtype": lambda: pandas.Series(ROWS, dtype=pandas.ArrowDtype(pa.string())),
    "pandas category": lambda: pandas.Series(ROWS, dtype="category"),
    "pandas filtered": lambda: pandas.Series(["no", *ROWS]).iloc[1:],
    "pandas DataFrame": lambda: pandas.DataFrame({"n": range(len(ROWS)), "t": ROWS}),
    "nanoarrow": lambda: nanoarrow.c_array(ROWS, nanoarrow.string()),
    "nanoarrow Array": lambda: nanoarrow.Array(ROWS, nanoarrow.large_string()),
    "arro3 Array": lambda: arro3.Array(ROWS, arro3.DataType.utf8()),
    "arro3 view": lambda: arro3.Array(ROWS, arro3.DataType.string_view()),
    "arro3 chunked": lambda: arro3.ChunkedArray([arro3.Array(ROWS, arro3.DataType.utf8())]),
    "arro3 Table": lambda: arro3.Table.from_pydict(
        {"t": arro3.Array(ROWS, arro3.DataType.large_utf8())}
    ),
    "DuckDB": _duckdb,
    "DuckDB reader": lambda: _duckdb().to_arrow_reader(7),
    "DuckDB sorted": lambda: _duckdb("select t, n from rows order by n"),
}


@pytest.mark.parametrize("name", PRODUCERS)
def test_every_producer_gives_the_bits_of_a_list(model: StaticModel, name: str) -> None:
    expected = model.encode(ROWS)
    assert_same_bits(model.encode(PRODUCERS[name]()), expected, ROWS)
    out = np.empty_like(expected)
    assert model.encode(PRODUCERS[name](), out=out, num_threads=2) is out
    assert_same_bits(out, expected, ROWS)
    if name == "pandas object":
        return
    vectors = model.encode_arrow(PRODUCERS[name]())
    assert len(vectors) == len(ROWS)
    assert vectors.shape == (len(ROWS), model.dim)
    assert_same_bits(np.asarray(vectors), expected, ROWS)
    if name.startswith(("pyarrow dictionary", "pyarrow chunked dict")):
        for dtype in ("float16", "ubinary"):
            made: Any = model.encode_arrow(PRODUCERS[name](), output_dtype=dtype)
            assert np.array_equal(np.asarray(made), model.encode(ROWS, output_dtype=dtype))


def test_other_calls_take_columns(small: Any, model: StaticModel) -> None:
    function = Model2VecEmbeddingFunction(small.path)
    expected = model.count_tokens(ROWS, max_length=4)
    for made in (pa.array(ROWS), pl.Series(ROWS), pa.array(ROWS).dictionary_encode()):
        for found, wanted in zip(model.count_tokens(made, max_length=4), expected, strict=True):
            assert np.array_equal(found, wanted)
        vectors = function.encode_documents(made)
        assert_same_bits(np.stack(vectors), model.encode(ROWS), ROWS)
        assert not np.shares_memory(vectors[0], vectors[1])
    with pytest.raises(TypeError, match=r"sentences\[1\] is null"):
        model.count_tokens(pa.array(["a", None]))


def test_many_rows_and_threads(model: StaticModel) -> None:
    many = texts.many_paragraphs(20_000)
    expected = model.encode(many)
    for threads in (1, 2, 5):
        made = model.encode_arrow(pa.array(many), num_threads=threads)
        assert_same_bits(np.asarray(made), expected, many)
    chunked = pa.chunked_array([many[start : start + 999] for start in range(0, 20_000, 999)])
    assert_same_bits(np.asarray(model.encode_arrow(chunked)), expected, many)
    assert_same_bits(model.encode(chunked, max_length=3), model.encode(many, max_length=3), many)
    coded = chunked.dictionary_encode()
    assert_same_bits(np.asarray(model.encode_arrow(coded)), expected, many)


def _address(array: Any) -> int:
    address: int = array.buffers()[-1].address
    return address


def test_vectors_are_not_copied_on_the_way_out(model: StaticModel) -> None:
    vectors = model.encode_arrow(pa.chunked_array([ROWS[:HALF], ROWS[HALF:]]))
    numbers = np.asarray(vectors)
    start = numbers.ctypes.data
    assert start % 64 == 0
    assert not numbers.flags.writeable
    assert np.asarray(vectors).ctypes.data == start
    assert _address(pa.array(vectors)) == start
    chunked = pa.chunked_array(vectors)
    second = start + HALF * model.dim * 4
    assert [_address(chunk) for chunk in chunked.chunks] == [start, second]
    assert pl.Series(vectors).to_numpy().ctypes.data == start
    assert nanoarrow.c_array(vectors).child(0).buffers[1] == start
    assert_same_bits(np.stack(chunked.to_pylist()).astype(np.float32), numbers)


def test_texts_are_read_where_they_are(model: StaticModel) -> None:
    """Text that is written over, after it was handed over, changes what comes out."""
    for kind, place in ((pa.string(), 2), (pa.large_string(), 2)):
        array = pa.array(["aaaa bbbb", "cccc dddd"], kind)
        view = np.frombuffer(array.buffers()[place], np.uint8)
        memory = view.copy()
        buffers = [*array.buffers()[:place], pa.py_buffer(memory)]
        lent = pa.Array.from_buffers(kind, 2, buffers)
        assert_same_bits(model.encode(lent), model.encode(["aaaa bbbb", "cccc dddd"]))
        memory[:4] = list(b"cccc")
        assert_same_bits(model.encode(lent), model.encode(["cccc bbbb", "cccc dddd"]))


def test_the_memory_outlives_the_object_and_the_model(small: Any) -> None:
    model = StaticModel.from_pretrained(small.path)
    expected = model.encode(ROWS)
    vectors = model.encode_arrow(pl.Series(ROWS))
    array, numbers = pa.array(vectors), np.asarray(vectors)
    del model, vectors
    assert_same_bits(numbers, expected)
    assert_same_bits(np.stack(array.to_pylist()).astype(np.float32), expected)


def test_the_type_and_the_chunks(model: StaticModel) -> None:
    item = pa.field("item", pa.float32(), nullable=False)
    vectors = model.encode_arrow(pa.chunked_array([ROWS[:3], [], ROWS[3:]]))
    assert (
        pa.schema([pa.field("v", pa.list_(item, model.dim))]).field(0).type
        == pa.field(vectors).type
    )
    assert pa.field(vectors).nullable
    chunked = pa.chunked_array(vectors)
    chunked.validate(full=True)
    assert [len(chunk) for chunk in chunked.chunks] == [3, 0, len(ROWS) - 3]
    assert vectors.num_chunks == 3
    assert pl.Series(vectors).dtype == pl.Array(pl.Float32, model.dim)


NULLS: dict[str, Callable[[list[Any]], Any]] = {
    "string": pa.array,
    "large": lambda rows: pa.array(rows, pa.large_string()),
    "view": lambda rows: pa.array(rows, pa.string_view()),
    "sliced": lambda rows: pa.array([None, "x", *rows])[2:],
    "dictionary": lambda rows: pa.array(rows).dictionary_encode(),
    "dictionary of nulls": lambda rows: pa.array(rows).dictionary_encode("encode"),
    "chunked": lambda rows: pa.chunked_array([rows[:3], rows[3:11], rows[11:]], pa.string()),
    "struct": lambda rows: pa.StructArray.from_arrays(
        [pa.array(["x" if row is None else row for row in rows])],
        ["t"],
        mask=pa.array([row is None for row in rows]),
    ),
    "struct sliced": lambda rows: pa.StructArray.from_arrays(
        [pa.array(["no", *("x" if row is None else row for row in rows)])],
        ["t"],
        mask=pa.array([True, *(row is None for row in rows)]),
    )[1:],
    "polars": lambda rows: pl.Series(rows, dtype=pl.String),
    "pandas": pandas.Series,
    "arro3": lambda rows: arro3.Array(rows, arro3.DataType.utf8()),
}


@pytest.mark.parametrize("name", NULLS)
@pytest.mark.parametrize("dtype", ["float32", "float16", "ubinary"])
def test_null_for_null(model: StaticModel, name: str, dtype: Any) -> None:
    rows: list[Any] = [None if i % 5 == 2 else row for i, row in enumerate(ROWS)]
    there = [row is not None for row in rows]
    vectors = model.encode_arrow(NULLS[name](rows), output_dtype=dtype)
    assert vectors.null_count == there.count(False)
    expected = model.encode([row for row in rows if row is not None], output_dtype=dtype)
    for taken in (pa.array(vectors), pa.chunked_array(vectors).combine_chunks()):
        taken.validate(full=True)
        assert taken.is_valid().to_pylist() == there
        found = np.array(taken.drop_null().to_pylist()).astype(expected.dtype)
        assert np.array_equal(found, expected)
    # Zeros beneath the nulls.
    numbers = pa.array(vectors).values.to_numpy(zero_copy_only=False).reshape(len(rows), -1)
    assert not numbers[np.array(there) == False].any()  # noqa: E712
    first = there.index(False)
    with pytest.raises(ValueError, match=f"row {first} is null"):
        np.asarray(vectors)
    with pytest.raises(ValueError, match=f"row {first} is null"):
        model.encode_arrow(NULLS[name](rows), nulls="error")
    with pytest.raises(TypeError, match=rf"sentences\[{first}\] is null"):
        model.encode(NULLS[name](rows))


def test_nothing_but_nulls(model: StaticModel) -> None:
    for made in (
        pa.nulls(9),
        pa.array([None] * 9, pa.string()),
        pa.chunked_array([pa.nulls(4), pa.nulls(5)]),
        pl.Series([None] * 9),
        pl.Series([None] * 9, dtype=pl.String),
        pa.table({"t": pa.nulls(9)}),
        pl.DataFrame({"t": [None] * 9}),
    ):
        vectors = model.encode_arrow(made)
        assert pa.array(vectors).null_count == len(vectors) == 9
        assert pa.array(vectors).to_pylist() == [None] * 9


def test_nothing_at_all(model: StaticModel) -> None:
    for made in (
        pa.array([]),
        pa.array([], pa.string_view()),
        pa.chunked_array([], pa.string()),
        pa.chunked_array([[], []], pa.large_string()),
        pa.array([], pa.string()).dictionary_encode(),
        pa.table({"t": pa.array([], pa.string())}),
        pl.Series([], dtype=pl.String),
        pl.Series([]),
        pandas.Series([], dtype="str"),
        _duckdb("select t from rows where false"),
    ):
        vectors = model.encode_arrow(made)
        assert pa.array(vectors).to_pylist() == []
        assert np.asarray(vectors).shape == (0, model.dim)
        assert pa.chunked_array(vectors).type.list_size == model.dim
    for made in (pa.array([]), pa.chunked_array([], pa.string()), pl.Series([], dtype=pl.String)):
        assert model.encode(made).shape == (0, model.dim)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8", "uint8", "binary", "ubinary"])
def test_every_output_dtype_is_that_of_encode(model: StaticModel, dtype: Any) -> None:
    many = [*ROWS, *texts.many_paragraphs(300), *texts.AWKWARD]
    sample = model.encode(many)
    # Some values outside, so that they stop at the ends.
    low, high = np.quantile(sample, [0.02, 0.97], axis=0)
    ranges = np.stack([low, high]).astype(np.float32)
    expected = model.encode(many, output_dtype=dtype, ranges=ranges)
    vectors = model.encode_arrow(pa.array(many), output_dtype=dtype, ranges=ranges)
    assert vectors.dtype == str(expected.dtype)
    found = np.asarray(vectors)
    assert found.dtype == expected.dtype
    assert np.array_equal(found.view(np.uint8), expected.view(np.uint8))
    array = pa.array(vectors)
    array.validate(full=True)
    assert array.type.list_size == expected.shape[1]
    assert np.array_equal(array.values.to_numpy().reshape(expected.shape), expected)


def test_output_dtypes_that_do_not_fit(model: StaticModel, make_folder: Any) -> None:
    cases: tuple[tuple[Any, str], ...] = (
        ("bfloat16", "no Arrow type"),
        ("float8", "no Arrow type"),
        ("int8", "ranges"),
    )
    for dtype, problem in cases:
        with pytest.raises(ValueError, match=problem):
            model.encode_arrow(pa.array(ROWS), output_dtype=dtype)
    with pytest.raises(ValueError, match="shape"):
        model.encode_arrow(pa.array(ROWS), output_dtype="int8", ranges=np.zeros((2, 3)))
    from tests.support.folders import Shape

    odd = StaticModel.from_pretrained(make_folder("wordpiece", Shape(width=12)).path)
    with pytest.raises(ValueError, match="12 columns do not fit"):
        odd.encode_arrow(pa.array(ROWS), output_dtype="binary")


def test_settings_are_those_of_encode(model: StaticModel) -> None:
    array = pa.array(ROWS)
    settings: tuple[dict[str, Any], ...]
    settings = ({"max_length": 3}, {"normalize": False}, {"max_length": None})
    for options in settings:
        made = np.asarray(model.encode_arrow(array, **options))
        assert_same_bits(made, model.encode(ROWS, **options), ROWS)
        assert_same_bits(model.encode(array, **options), made, ROWS)
    model.max_length, model.normalize = 2, False
    assert_same_bits(np.asarray(model.encode_arrow(array)), model.encode(ROWS), ROWS)
    assert_same_bits(model.encode(array, truncate_dim=5), model.encode(ROWS, truncate_dim=5), ROWS)
    assert_same_bits(model.encode(array, show_progress_bar=True), model.encode(ROWS), ROWS)
    with pytest.raises(ValueError, match="nulls must be"):
        model.encode_arrow(array, nulls="drop")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="num_threads"):
        model.encode_arrow(array, num_threads=0)


def test_numpy_asks_for_a_dtype_or_a_copy(model: StaticModel) -> None:
    vectors = model.encode_arrow(pa.array(ROWS))
    assert np.asarray(vectors, np.float64).dtype == np.float64
    copy = np.array(vectors)
    assert copy.flags.writeable
    assert copy.ctypes.data != np.asarray(vectors).ctypes.data
    assert np.array(vectors, copy=False).ctypes.data == np.asarray(vectors).ctypes.data
    with pytest.raises(ValueError, match="copy"):
        np.array(vectors, np.float16, copy=False)


def test_a_column_is_chosen(model: StaticModel) -> None:
    table = pa.table({"title": ["a", "b"], "body": ["c d", "e f"], "n": [1, 2]})
    for made in (table, pl.DataFrame(table), table.to_pandas()):
        for name in ("title", "body"):
            expected = model.encode(table[name].to_pylist())
            assert_same_bits(np.asarray(model.encode_arrow(made, name)), expected)
        with pytest.raises(ValueError, match=r"title, body.*column='title'|title, body"):
            model.encode_arrow(made)
        with pytest.raises(ValueError, match="several columns"):
            model.encode(made)
        with pytest.raises(ValueError, match=r"no column \"x\".*title, body, n"):
            model.encode_arrow(made, "x")
        with pytest.raises(TypeError, match=r"\"n\".*int64"):
            model.encode_arrow(made, "n")
    with pytest.raises(ValueError, match="no table"):
        model.encode_arrow(pa.array(["a"]), "t")
    twice = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], ["t", "t"])
    with pytest.raises(ValueError, match="several columns"):
        model.encode_arrow(twice, "t")


OTHERS: dict[str, tuple[Any, str]] = {
    "int64": (pa.array([1]), "int64"),
    "float32": (pa.array([1.0], pa.float32()), "float32"),
    "bool": (pa.array([True]), "bool"),
    "binary": (pa.array([b"x"]), "binary: cast"),
    "binary view": (pa.array([b"x"], pa.binary_view()), "binary_view: cast"),
    "list": (pa.array([["a"]]), "list"),
    "fixed list": (pa.array([["a"]], pa.list_(pa.string(), 1)), "fixed_size_list"),
    "run-end": (
        pa.RunEndEncodedArray.from_arrays([1], pa.array(["a"])),
        "run_end_encoded",
    ),
    "dictionary of numbers": (pa.array([7]).dictionary_encode(), "dictionary-encoded int64"),
    "timestamp": (pa.array([1], pa.timestamp("s")), "timestamp"),
    "no column of strings": (pa.table({"n": [1], "b": [b"x"]}), r"n \(int64\), b \(binary\)"),
    "no columns": (pa.table({}), "no column"),
    "polars numbers": (pl.Series([1, 2]), "int64"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_not_strings_is_named(model: StaticModel, name: str) -> None:
    made, message = OTHERS[name]
    for encode in (model.encode, model.encode_arrow):
        with pytest.raises(TypeError, match=message):
            encode(made)


def test_what_is_not_arrow_is_named(model: StaticModel) -> None:
    others: list[Any] = [["a"], "a", None, 3, np.array(["a"])]
    for made in others:
        with pytest.raises(TypeError, match="__arrow_c_stream__"):
            model.encode_arrow(made)
    # Python objects of pandas would be copied, so encode reads them one by one.
    mixed = pandas.Series(["a", 3], dtype=object)
    with pytest.raises(TypeError, match=r"sentences\[1\]"):
        model.encode(mixed)


def test_a_duckdb_connection_is_free_again(model: StaticModel) -> None:
    """A stream blocks its connection until it is released, whatever happens."""
    connection = duckdb.connect()
    connection.execute(
        "create table t as select 'text ' || range as s, range as n from range(9000)"
    )
    for query, error in (
        ("select s from t", None),
        ("select n from t", TypeError),
        ("select s, s as again from t", ValueError),
        ("select case when n = 8000 then null else s end from t", TypeError),
        ("select error('no') || s from t", Exception),
    ):
        relation = connection.sql(query)
        if error is None:
            model.encode(relation)
        else:
            with pytest.raises(error):
                model.encode(relation)
        assert connection.execute("select count(*) from t").fetchall() == [(9000,)]


def test_a_generator_behind_a_reader_may_fail(model: StaticModel) -> None:
    def batches() -> Any:
        yield pa.record_batch({"t": ["a"]})
        raise RuntimeError("the disk is on fire")

    reader = pa.RecordBatchReader.from_batches(pa.schema([("t", pa.string())]), batches())
    with pytest.raises(Exception, match="the disk is on fire"):
        model.encode_arrow(reader)


def test_pandas_without_pyarrow_is_read_row_by_row(small: Any) -> None:
    code = (
        "import sys, json; sys.modules['pyarrow'] = None\n"
        "import pandas, numpy as np; from m2v_fast import StaticModel\n"
        f"model = StaticModel.from_pretrained({str(small.path)!r})\n"
        "rows = ['one text', 'another']\n"
        "same = np.array_equal(model.encode(pandas.Series(rows)), model.encode(rows))\n"
        "print(json.dumps(bool(same)))"
    )
    assert process.answer("-c", code) is True


def test_pyarrow_is_not_imported(small: Any) -> None:
    code = (
        "import sys, json, nanoarrow; from m2v_fast import StaticModel\n"
        f"model = StaticModel.from_pretrained({str(small.path)!r})\n"
        "vectors = model.encode_arrow(nanoarrow.c_array(['a', 'b'], nanoarrow.string()))\n"
        "import numpy; numpy.asarray(vectors)\n"
        "print(json.dumps([name for name in sys.modules if name.startswith('pyarrow')]))"
    )
    assert process.answer("-c", code) == []
