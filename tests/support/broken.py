"""The gallery of broken models: what is done to a good folder, and what must be said of it."""

from __future__ import annotations

import json
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from m2v_fast import ModelError

from tests.support import vocabularies
from tests.support.folders import Folder, Shape, write_folder
from tests.support.tensors import Tensor, file_bytes, read

if TYPE_CHECKING:
    from collections.abc import Callable

Array = np.ndarray[Any, Any]
Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Broken:
    """One way in which a folder is no model."""

    #: Breaks a model2vec folder with weights and mapping of 50 rows.
    damage: Callable[[Folder], object]
    #: The file at fault, inside the folder; the folder itself if empty.
    file: str
    #: What the message says beside the file's name.
    words: tuple[str, ...] = ()
    kind: type[Exception] = ModelError


def good(path: Path) -> Folder:
    """The folder that is broken: small, and with every part that a model may have."""
    shape = Shape("float32", 8, "int32", "float32", rows=50)
    return write_folder(path, vocabularies.wordpiece_tiny(), shape)


# model.safetensors


def _tensors(change: Callable[[Tensors], object]) -> Callable[[Folder], object]:
    def damage(folder: Folder) -> None:
        tensors = read(folder.matrix_file)
        change(tensors)
        folder.matrix_file.write_bytes(file_bytes(tensors))

    return damage


def _array(name: str, change: Callable[[Array], Any]) -> Callable[[Folder], object]:
    def apply(tensors: Tensors) -> None:
        tensors[name] = Tensor.of(np.asarray(change(tensors[name].array().copy())))

    return _tensors(apply)


def _put(index: int, value: int) -> Callable[[Array], Array]:
    def apply(array: Array) -> Array:
        array[index] = value
        return array

    return apply


def _rename(old: str, new: str) -> Callable[[Tensors], object]:
    def apply(tensors: Tensors) -> None:
        tensors[new] = tensors.pop(old)

    return apply


def _bytes(name: str, change: Callable[[bytes], bytes]) -> Callable[[Folder], object]:
    def damage(folder: Folder) -> None:
        path = folder.path / name
        path.write_bytes(change(path.read_bytes()))

    return damage


def _matrix_bytes(change: Callable[[bytes], bytes]) -> Callable[[Folder], object]:
    return _bytes(MATRIX, change)


def _header(text: bytes, data: bytes = b"") -> Callable[[Folder], object]:
    return _matrix_bytes(lambda _: struct.pack("<Q", len(text)) + text + data)


def _entry(begin: int, end: int, shape: list[int]) -> Callable[[Folder], object]:
    entry = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    return _header(json.dumps({"embeddings": entry}).encode(), bytes(16))


def _claim(length: int) -> Callable[[Folder], object]:
    return _matrix_bytes(lambda raw: struct.pack("<Q", length) + raw[8:])


def _long_header(folder: Folder) -> None:
    # As long as it says, so that only a limit of headers can refuse it. Takes no disk.
    with folder.matrix_file.open("wb") as file:
        file.write(struct.pack("<Q", 128 << 20))
        file.truncate((128 << 20) + 4096)


MATRIX, CONFIG, TOKENIZER = "model.safetensors", "config.json", "tokenizer.json"


def _matrix(damage: Callable[[Folder], object], *words: str) -> Broken:
    return Broken(damage, MATRIX, words)


_I64 = np.int64
MATRICES: dict[str, Broken] = {
    # The file.
    "empty": _matrix(_matrix_bytes(lambda _: b""), "safetensors"),
    "seven bytes": _matrix(_matrix_bytes(lambda raw: raw[:7]), "safetensors"),
    "header only": _matrix(_matrix_bytes(lambda raw: raw[:64]), "safetensors"),
    "last byte lost": _matrix(_matrix_bytes(lambda raw: raw[:-1]), "safetensors"),
    "half lost": _matrix(_matrix_bytes(lambda raw: raw[: len(raw) // 2]), "safetensors"),
    "one byte more": _matrix(_matrix_bytes(lambda raw: raw + b"\0"), "safetensors"),
    "header length 0": _matrix(_claim(0), "safetensors"),
    "header one byte short": _matrix(
        _matrix_bytes(lambda raw: struct.pack("<Q", raw[0] + raw[1] * 256 - 1) + raw[8:]),
        "safetensors",
    ),
    "header beyond the file": _matrix(_claim(1 << 20), "safetensors"),
    "header of 2 GB claimed": _matrix(_claim(2 << 30), "safetensors"),
    "header of 128 MB": _matrix(_long_header, "safetensors"),
    "header of 2**63": _matrix(_claim(2**63), "safetensors"),
    "header of 2**64 - 1": _matrix(_claim(2**64 - 1), "safetensors"),
    "a web page": _matrix(
        _matrix_bytes(lambda _: b"<!DOCTYPE html><html><body>Not found</body></html>" * 20),
        "safetensors",
    ),
    "pointer to a large file": _matrix(
        _matrix_bytes(lambda _: b"version https://git-lfs.example/spec/v1\noid sha256:0\n"),
        "safetensors",
    ),
    "header is no JSON": _matrix(_header(b"{" * 100), "safetensors"),
    "header is nested too deeply": _matrix(_header(b'{"a":' + b"[" * 100_000), "safetensors"),
    "header is a list": _matrix(_header(b"[1, 2, 3]"), "safetensors"),
    "header is not UTF-8": _matrix(_header(b'{"\xff\xfe": 1}'), "safetensors"),
    "header begins with a BOM": _matrix(_header(b"\xef\xbb\xbf{}"), "safetensors"),
    "data out of the file": _matrix(_entry(0, 1 << 40, [2, 2]), "safetensors"),
    "data ends before it begins": _matrix(_entry(16, 0, [2, 2]), "safetensors"),
    "data of the wrong size": _matrix(_entry(0, 12, [2, 2]), "safetensors"),
    "a size that wraps 64 bits": _matrix(_entry(0, 16, [2**62, 2**62]), "safetensors"),
    # The tensors.
    "no matrix": _matrix(_tensors(lambda t: t.pop("embeddings")), "`embeddings`", "weights"),
    "the other layout's name": _matrix(
        _tensors(_rename("embeddings", "embedding.weight")), "`embeddings`", "embedding.weight"
    ),
    "matrix of rank 0": _matrix(_array("embeddings", lambda a: a[0, 0]), "`embeddings`", "[]"),
    "matrix of rank 1": _matrix(_array("embeddings", lambda a: a[:, 0]), "`embeddings`", "[50]"),
    "matrix of rank 3": _matrix(_array("embeddings", lambda a: a[None]), "`embeddings`", "[1, 50"),
    "no rows": _matrix(_array("embeddings", lambda a: a[:0]), "`embeddings`", "0 x 8"),
    "no width": _matrix(_array("embeddings", lambda a: a[:, :0]), "`embeddings`", "50 x 0"),
    "matrix of int32": _matrix(_array("embeddings", lambda a: a.astype(np.int32)), "I32"),
    "matrix of uint8": _matrix(_array("embeddings", lambda a: a.astype(np.uint8)), "U8"),
    "matrix of bool": _matrix(_array("embeddings", lambda a: a > 0), "BOOL"),
    "mapping of float32": _matrix(_array("mapping", lambda a: a.astype(np.float32)), "`mapping`"),
    "mapping of rank 2": _matrix(_array("mapping", lambda a: a[:, None]), "`mapping`"),
    "mapping too short": _matrix(_array("mapping", lambda a: a[:-1]), "`mapping`", "entries"),
    "mapping empty": _matrix(_array("mapping", lambda a: a[:0]), "`mapping`", "0 entries"),
    "mapping one too high": _matrix(_array("mapping", _put(40, 50)), "id 40", "row 50", "0 to 49"),
    "mapping far too high": _matrix(_array("mapping", _put(40, 2**31 - 1)), "id 40", "2147483647"),
    "mapping negative": _matrix(_array("mapping", _put(40, -1)), "id 40", "row -1"),
    "mapping most negative": _matrix(_array("mapping", _put(40, -(2**31))), "id 40", "-2147483648"),
    "mapping wide and negative": _matrix(
        _array("mapping", lambda a: _put(40, -1)(a.astype(_I64))), "id 40", "row -1"
    ),
    "mapping that wraps 32 bits": _matrix(
        _array("mapping", lambda a: _put(40, 2**32 + 1)(a.astype(_I64))), "id 40", "row 4294967297"
    ),
    "weights too short": _matrix(_array("weights", lambda a: a[:-1]), "`weights`", "entries"),
    "weights empty": _matrix(_array("weights", lambda a: a[:0]), "`weights`", "0 entries"),
    "weights of int64": _matrix(_array("weights", lambda a: a.astype(_I64)), "`weights`", "I64"),
    "weights of rank 2": _matrix(_array("weights", lambda a: a[:, None]), "`weights`"),
    "too few rows": _matrix(_tensors(lambda t: t.pop("mapping")), "50 rows", "tokens"),
}

# config.json


def _config(content: bytes, *words: str) -> Broken:
    return Broken(_bytes(CONFIG, lambda _: content), CONFIG, words)


CONFIGS: dict[str, Broken] = {
    "empty": _config(b"", "JSON"),
    "half a file": _config(b'{"normalize": tr', "JSON"),
    "list": _config(b"[]", "not a JSON object"),
    "null": _config(b"null", "not a JSON object"),
    "text": _config(b'"text"', "not a JSON object"),
    "not UTF-8": _config(b'{"a": "\xff\xfe"}', "JSON"),
    "UTF-16": _config('{"normalize": true}'.encode("utf-16"), "JSON"),
    "BOM": _config(b'\xef\xbb\xbf{"normalize": true}', "byte order mark"),
    "nested too deeply": _config(b'{"a":' + b"[" * 100_000, "JSON"),
    "NaN": _config(b'{"max_length": NaN}', "max_length", "NaN"),
    "half of a NaN": _config(b'{"max_length": Na}', "JSON"),
    "max_length negative": _config(b'{"max_length": -1}', "max_length", "-1"),
    "max_length a text": _config(b'{"max_length": "many"}', "max_length", "many"),
    "max_length no whole number": _config(b'{"max_length": 2.5}', "max_length", "2.5"),
    "max_length beyond 64 bits": _config(b'{"max_length": 18446744073709551616}', "max_length"),
    "normalize a text": _config(b'{"normalize": "yes"}', "normalize", "yes"),
    "normalize NaN": _config(b'{"normalize": NaN}', "normalize", "NaN"),
    "normalize a list": _config(b'{"normalize": [1]}', "normalize", "[1]"),
}

# tokenizer.json


def _tokenizer(content: Callable[[], bytes], *words: str) -> Broken:
    return Broken(_bytes(TOKENIZER, lambda _: content()), TOKENIZER, words)


def _changed(**changes: Any) -> Callable[[], bytes]:
    def make() -> bytes:
        content = vocabularies.as_json(vocabularies.wordpiece_tiny())
        content.update(changes)
        return json.dumps(content).encode()

    return make


def _vocabulary(vocab: object) -> Callable[[], bytes]:
    model = {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
        "vocab": vocab,
    }
    return _changed(model=model, added_tokens=[], post_processor=None)


def _other_model(folder: Folder) -> None:
    # Without a mapping, as most models are: it is the number of rows that does not fit.
    _tensors(lambda t: t.pop("mapping"))(folder)
    folder.tokenizer_file.write_text(vocabularies.wordlevel().to_str())


TOKENIZERS: dict[str, Broken] = {
    "empty": _tokenizer(lambda: b"", "JSON"),
    "half a file": _tokenizer(lambda: _changed()()[:5000], "JSON"),
    "an empty object": _tokenizer(lambda: b"{}", "model"),
    "a list": _tokenizer(lambda: b"[]"),
    "not UTF-8": _tokenizer(lambda: b'{"version": "\xff"}', "JSON"),
    "BOM": _tokenizer(lambda: b"\xef\xbb\xbf" + _changed()(), "byte order mark"),
    "nested too deeply": _tokenizer(
        lambda: b'{"model":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "recursion"
    ),
    "not closed": _tokenizer(lambda: b'{"model":' + b"[" * 100_000, "JSON"),
    "no model": _tokenizer(_changed(model=None)),
    "unknown model": _tokenizer(_changed(model={"type": "Oracle", "vocab": {}})),
    "unknown normalizer": _tokenizer(_changed(normalizer={"type": "Beautify"})),
    "vocabulary of the wrong kind": _tokenizer(_vocabulary(3)),
    "vocabulary of wrong ids": _tokenizer(_vocabulary({"[UNK]": 0, "a": "one"})),
    "negative id": _tokenizer(_vocabulary({"[UNK]": 0, "a": -1})),
    "id beyond 32 bits": _tokenizer(_vocabulary({"[UNK]": 0, "a": 2**32})),
    "empty vocabulary": _tokenizer(_vocabulary({}), "no tokens"),
    "no Unigram pieces": _tokenizer(
        _changed(
            model={"type": "Unigram", "vocab": [], "unk_id": None, "byte_fallback": False},
            added_tokens=[],
        ),
        "no tokens",
    ),
    "unk_id without a piece": _tokenizer(
        _changed(model={"type": "Unigram", "vocab": [["a", -1.0]], "unk_id": 7}, added_tokens=[])
    ),
    "of another model": Broken(_other_model, MATRIX, ("50 rows", "tokens", "one model")),
    "ids without rows": Broken(
        _bytes(TOKENIZER, lambda _: _vocabulary({"[UNK]": 0, "a": 1, "b": 2**31})()),
        MATRIX,
        ("2147483648",),
    ),
    "an id that is the last of 32 bits": Broken(
        _bytes(TOKENIZER, lambda _: _vocabulary({"[UNK]": 0, "a": 1, "b": 2**32 - 1})()),
        TOKENIZER,
        ('"b"', "id 4294967295"),
    ),
}

# The folder


def _instead(name: str, make: Callable[[Path], object]) -> Callable[[Folder], object]:
    def damage(folder: Folder) -> None:
        path = folder.path / name
        path.unlink()
        make(path)

    return damage


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _long_loop(path: Path) -> None:
    other = path.with_name(f"{path.name}.other")
    other.symlink_to(path.name)
    path.symlink_to(other.name)


FILES: dict[str, Broken] = {}
for _name in (MATRIX, CONFIG, TOKENIZER):
    FILES[f"{_name} missing"] = Broken(
        _instead(_name, lambda path: None), "", ("missing", _name), FileNotFoundError
    )
    FILES[f"{_name} is a folder"] = Broken(_instead(_name, Path.mkdir), _name, ("a folder",))
    if os.name != "nt":
        FILES[f"{_name} is a link to nowhere"] = Broken(
            _instead(_name, lambda path: path.symlink_to("nowhere")),
            "",
            ("missing", _name),
            FileNotFoundError,
        )
        FILES[f"{_name} is a link to itself"] = Broken(
            _instead(_name, _loop), _name, ("symbolic links",), OSError
        )
        FILES[f"{_name} is a loop of links"] = Broken(
            _instead(_name, _long_loop), _name, ("symbolic links",), OSError
        )
        FILES[f"{_name} is a pipe"] = Broken(
            _instead(_name, lambda path: os.mkfifo(path)), _name, ("not a file",)
        )
        FILES[f"{_name} is a device"] = Broken(
            _instead(_name, lambda path: path.symlink_to("/dev/zero")), _name, ("not a file",)
        )

#: Every broken model by name.
GALLERY: dict[str, Broken] = {
    **{f"matrix: {name}": broken for name, broken in MATRICES.items()},
    **{f"config: {name}": broken for name, broken in CONFIGS.items()},
    **{f"tokenizer: {name}": broken for name, broken in TOKENIZERS.items()},
    **{f"files: {name}": broken for name, broken in FILES.items()},
}
