"""`Embedder`: a model that weighs nothing, for engines that send it to their workers."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from m2v_fast import options
from m2v_fast._native import ModelError
from m2v_fast._unset import UNSET, Unset
from m2v_fast.bulk import shipping
from m2v_fast.bulk.fingerprint import fingerprint
from m2v_fast.output import ArrowDtype, checked_ranges
from m2v_fast.sources import resolve
from m2v_fast.static_model import StaticModel

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import ArrayLike

    from m2v_fast._native import Vectors

_lock = threading.RLock()
#: The models of this process by folder and fingerprint: however many handles come, each loads once.
_loaded: dict[tuple[str, str], StaticModel] = {}


def _renew_lock() -> None:
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    # A child must not wait for a thread that it does not have.
    os.register_at_fork(after_in_child=_renew_lock)


class Embedder:
    """Adds a column of vectors to tables: `embed(table)`.

    Pickled, it is a name, some options and a hash of the model's content, less than a kilobyte
    (`ranges` and `ship` apart). A process loads the model when it first needs it, by its path, once
    for all handles, so that all processes of a machine share the mapped matrix. A worker that finds
    another model there raises.

    It compares, hashes and pickles by content: a cache that is keyed by it is never stale.
    """

    def __init__(
        self,
        source: str | PathLike[str] | StaticModel,
        column: str | None = "text",
        to: str = "embedding",
        *,
        revision: str | None = None,
        max_length: int | Unset | None = UNSET,
        normalize: bool | None = None,
        output_dtype: ArrowDtype = "float32",
        ranges: ArrayLike | None = None,
        nulls: Literal["null", "error"] = "null",
        num_threads: int | None = None,
        ship: bool = False,
    ) -> None:
        """Make a handle; the model's files are looked up and hashed, and not loaded yet.

        Args:
            source: A folder, the name of a model on the Hugging Face hub, `BUNDLED_MODEL`, or a
                `StaticModel` that was loaded from a folder. Workers look it up again.
            column: The column of texts; None for the only one that holds strings.
            to: The column that is added, or replaced.
            revision: Branch, tag or commit on the hub.
            max_length: As for `StaticModel.encode`; by default the model's.
            normalize: As for `StaticModel.encode`; by default the model's.
            output_dtype: As for `StaticModel.encode_arrow`.
            ranges: As for `StaticModel.encode_arrow`.
            nulls: As for `StaticModel.encode_arrow`.
            num_threads: Most threads of a call. By default all processors where the handle was
                made, and one where it was sent to, since engines have a worker for each processor.
            ship: Take the model's files along when pickled, for workers that find them nowhere.
                They are unpacked once for each machine, in the folder of compiled indexes.

        Raises:
            FileNotFoundError, ConnectionError: As `StaticModel.from_pretrained`.
            ValueError: An option does not fit.
            TypeError: The `StaticModel` was not loaded from a folder.
        """
        if isinstance(source, StaticModel):
            if source.folder is None or source.unknown != "drop":
                raise TypeError(
                    "workers look a model up by its folder, and this one has none or is set to "
                    "keep unknown tokens: save_pretrained it and pass the folder"
                )
            max_length = source.max_length if options.is_unset(max_length) else max_length
            normalize = source.normalize if normalize is None else normalize
            source = source.folder
        if nulls not in ("null", "error"):
            raise ValueError(f"nulls must be 'null' or 'error', not {nulls!r}")
        name = os.fspath(source)
        folder = resolve(name, revision=revision)
        if os.path.lexists(name):
            # Workers have working folders of their own.
            name = str(Path(name).absolute())
        self._source, self._revision = name, revision
        self.column, self.to = column, to
        self._max_length: Any = (
            max_length if options.is_unset(max_length) else options.limit(max_length)
        )
        self._normalize = normalize if normalize is None else options.truth(normalize, "normalize")
        self._output_dtype: ArrowDtype = output_dtype
        self._ranges = None
        if output_dtype in ("int8", "uint8"):
            width = StaticModel.from_pretrained(folder).dim
            self._ranges = checked_ranges(output_dtype, ranges, width)
        self._nulls: Literal["null", "error"] = nulls
        self._num_threads, self._ship = num_threads, ship
        self._sent = False
        self.fingerprint = fingerprint(folder)
        """Hash of the contents of the model's files."""

    @property
    def model(self) -> StaticModel:
        """The model, loaded if this process has not done so yet.

        Raises:
            FileNotFoundError: It is not on this machine; the message says what can be done.
            ModelError: Another one is there.
        """
        key = (self._source, self.fingerprint)
        model = _loaded.get(key)
        if model is None:
            with _lock:
                model = _loaded.get(key)
                if model is None:
                    model = _loaded[key] = self._load()
        return model

    def _load(self) -> StaticModel:
        try:
            folder = resolve(self._source, revision=self._revision)
            found = fingerprint(folder)
        except (FileNotFoundError, ConnectionError) as error:
            raise type(error)(
                f"{error}. The model {self._source!r} is not on this machine: make the Embedder of "
                "a path that all workers share, or of a hub name, or with ship=True"
            ) from error
        if found != self.fingerprint:
            raise ModelError(
                f"{folder}: another model is here than where the Embedder was made (hash "
                f"{found[:12]}, not {self.fingerprint[:12]}): copy that one here, or make the "
                "Embedder again"
            )
        return StaticModel.from_pretrained(folder)

    @property
    def output_dtype(self) -> ArrowDtype:
        """Number format of the vectors."""
        return self._output_dtype

    @property
    def dim(self) -> int:
        """Numbers of a vector, as the column holds them."""
        dim = self.model.dim
        return dim // 8 if self._output_dtype in ("binary", "ubinary") else dim

    def encode(self, data: Any, *, column: str | None = None) -> Vectors:
        """Embed a column of strings in Arrow's memory format, or the named one of a table."""
        threads = self._num_threads
        if threads is None and self._sent:
            threads = 1
        return self.model.encode_arrow(
            data,
            column,
            max_length=self._max_length,
            normalize=self._normalize,
            num_threads=threads,
            output_dtype=self._output_dtype,
            ranges=self._ranges,
            nulls=self._nulls,
        )

    def __call__(self, table: Any) -> Any:
        """Add the vectors to a table.

        Args:
            table: A pyarrow Table or RecordBatch, a pandas or a polars DataFrame.

        Returns:
            The same kind of table, with the column `to`: a FixedSizeList (pandas: an
            ArrowDtype of it), null where the text is.

        Raises:
            TypeError: It is another kind of table, or the column does not hold strings.
            ValueError: As `StaticModel.encode_arrow`.
        """
        kind = type(table).__module__.partition(".")[0]
        if kind == "pyarrow":
            return self._pyarrow(table)
        if kind == "pandas":
            return self._pandas(table)
        if kind == "polars":
            import polars as pl

            # Polars takes the name of what it is given, whatever name it is told.
            vectors = pl.Series(self.encode(table, column=self.column))
            return table.with_columns(vectors.alias(self.to))
        raise TypeError(
            f"an Embedder takes pyarrow tables and batches, and pandas and polars frames, not "
            f"{type(table).__name__}; its method encode takes any Arrow column"
        )

    def _pyarrow(self, table: Any) -> Any:
        import pyarrow as pa

        vectors = self.encode(table, column=self.column)
        made = pa.chunked_array(vectors) if isinstance(table, pa.Table) else pa.array(vectors)
        names = table.schema.names
        field = pa.field(self.to, made.type)
        if self.to in names:
            return table.set_column(names.index(self.to), field, made)
        return table.append_column(field, made)

    def _pandas(self, frame: Any) -> Any:
        import pandas as pd
        import pyarrow as pa

        name = self.column
        if name is None:
            name = _only_text(frame)
        if name not in frame.columns:
            columns = ", ".join(map(str, frame.columns))
            raise ValueError(f"there is no column {name!r}; the columns are {columns}")
        texts = frame[name]
        if str(texts.dtype) == "object":
            # Python objects: str, None and NaN. An empty frame has no other type for strings.
            texts = pa.array(texts, type=pa.string(), from_pandas=True)
        made = pa.chunked_array(self.encode(texts))
        column = pd.Series(pd.arrays.ArrowExtensionArray(made), index=frame.index)
        return frame.assign(**{self.to: column})

    def __reduce__(self) -> tuple[Any, ...]:
        contents = None
        if self._ship:
            contents = shipping.pack(resolve(self._source, revision=self._revision))
        unset = options.is_unset(self._max_length)
        state = (
            self._source,
            self._revision,
            self.column,
            self.to,
            None if unset else (self._max_length,),
            self._normalize,
            self._output_dtype,
            None if self._ranges is None else self._ranges.tobytes(),
            self._nulls,
            self._num_threads,
            self.fingerprint,
        )
        return _sent, (state, contents)

    def __copy__(self) -> Embedder:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Embedder:
        return self

    def _key(self) -> tuple[Any, ...]:
        """What decides the bits and the names of what it makes, wherever the model lies."""
        limit = "model" if options.is_unset(self._max_length) else self._max_length
        ranges = (
            None if self._ranges is None else hashlib.sha256(self._ranges.tobytes()).hexdigest()
        )
        made = (limit, self._normalize, self._output_dtype, ranges, self._nulls)
        return (self.fingerprint, self.column, self.to, *made)

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return ("m2v_fast.bulk.Embedder", *self._key())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Embedder) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return (
            f"<Embedder {self._source!r} ({self.fingerprint[:12]}): {self.column!r} to {self.to!r}>"
        )


def _only_text(frame: Any) -> Any:
    kinds = {"object", "str", "string", "category"}
    found = [name for name in frame.columns if str(frame[name].dtype).partition("[")[0] in kinds]
    if len(found) != 1:
        raise ValueError(f"name the column of texts; {len(found)} columns may be it: {found}")
    return found[0]


def _sent(state: tuple[Any, ...], contents: dict[str, bytes] | None) -> Embedder:
    """Make a handle of what was pickled."""
    import numpy as np

    source, revision, column, to, limit, normalize, dtype, ranges, nulls, threads, mark = state
    made = Embedder.__new__(Embedder)
    made._source, made._revision, made.column, made.to = source, revision, column, to
    made._max_length = UNSET if limit is None else limit[0]
    made._normalize, made._output_dtype, made._nulls = normalize, dtype, nulls
    made._ranges = None if ranges is None else np.frombuffer(ranges, np.float32).reshape(2, -1)
    made._num_threads, made.fingerprint = threads, mark
    made._sent, made._ship = True, contents is not None
    if contents is not None:
        made._source, made._revision = str(shipping.unpack(contents, mark)), None
    return made
