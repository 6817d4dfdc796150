"""The native module: argument shapes in, arrays out."""

from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Model",
    "ModelError",
    "NewFile",
    "Tensor",
    "__version__",
    "available_threads",
    "backends",
    "is_model_folder",
    "str_storage",
    "write_tensors",
]

__version__: str
str_storage: str

class ModelError(ValueError): ...

def backends() -> list[str]: ...
def is_model_folder(folder: str | PathLike[str]) -> bool: ...
def available_threads() -> int: ...
def write_tensors(
    path: str | PathLike[str], tensors: list[tuple[str, str, NDArray[Any]]]
) -> None: ...

@final
class NewFile:
    def __new__(cls, path: str | PathLike[str]) -> NewFile: ...
    def write(self, data: bytes) -> None: ...
    def write_array(self, array: NDArray[Any]) -> None: ...
    def write_first(self, data: bytes) -> None: ...
    def commit(self) -> None: ...
    def discard(self) -> None: ...

@final
class Tensor:
    @property
    def dtype(self) -> str | None: ...
    @property
    def __array_interface__(self) -> dict[str, Any]: ...

@final
class Model:
    @staticmethod
    def load(
        folder: str | PathLike[str],
        memory_map: bool = True,
        index_folder: str | PathLike[str] | None = None,
    ) -> Model: ...
    @staticmethod
    def compile(
        folder: str | PathLike[str], path: str | PathLike[str] | None = None
    ) -> Path | None: ...
    @property
    def indexed(self) -> bool: ...
    def encode(
        self,
        sentences: str | Iterable[str],
        max_length: int | None,
        normalize: bool,
        num_threads: int | None,
        out: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]: ...
    def encode_list(
        self,
        sentences: Iterable[str],
        max_length: int | None,
        normalize: bool,
        num_threads: int | None,
    ) -> list[NDArray[np.float32]]: ...
    def tokenize(
        self,
        sentences: str | Iterable[str],
        max_length: int | None,
        num_threads: int | None,
    ) -> list[list[int]]: ...
    def encode_as_sequence(
        self,
        sentences: str | Iterable[str],
        max_length: int | None,
        num_threads: int | None,
    ) -> Any: ...
    def count_tokens(
        self,
        sentences: str | Iterable[str],
        max_length: int | None,
        num_threads: int | None,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]: ...
    @staticmethod
    def from_parts(
        vectors: NDArray[Any],
        dtype: str,
        tokenizer_json: str,
        mapping: NDArray[np.int64] | None = None,
        weights: NDArray[Any] | None = None,
    ) -> Model: ...
    def tensor(self, name: str) -> Tensor | None: ...
    def tokenizer_json(self) -> str: ...
    def check_unchanged(self) -> None: ...
    @property
    def index_problem(self) -> str | None: ...
    def with_backend(self, name: str) -> Model: ...
    @property
    def dim(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def embedding_dtype(self) -> str: ...
    @property
    def has_mapping(self) -> bool: ...
    @property
    def has_weights(self) -> bool: ...
    @property
    def backend(self) -> str: ...
    @property
    def engine(self) -> str: ...
    @property
    def engine_reason(self) -> str | None: ...
    @property
    def config_normalize(self) -> bool: ...
    @property
    def config_max_length(self) -> int | None: ...
    @property
    def tokens(self) -> int: ...
    @property
    def unk_token_id(self) -> int | None: ...
    @property
    def median_token_length(self) -> int: ...
    @property
    def folder(self) -> Path | None: ...
    @property
    def files(self) -> tuple[Path, Path, Path, str] | None: ...
