"""Configuration, model cards and saving: what the native part does not read or write."""

from __future__ import annotations

# Not when a load wants it: a child forked meanwhile would wait for that import for ever.
import json
import os
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from m2v_fast._log import warning
from m2v_fast._native import NewFile, write_tensors
from m2v_fast.arrays import bits

if TYPE_CHECKING:
    from os import PathLike
    from pathlib import Path

    from m2v_fast._native import Model
    from m2v_fast.static_model import StaticModel

_CARD = """# {name}

A [Model2Vec](https://github.com/MinishLab/model2vec) model: static embeddings, one vector a token.

```python
from m2v_fast import StaticModel

model = StaticModel.from_pretrained("{name}")
vectors = model.encode(["A sentence to embed.", "Another one."])
```

`model2vec.StaticModel` loads it in the same way.

| | |
|:--|:--|
| made from | {base} |
| dimensions | {dim} |
| tokens | {tokens} |
| stored as | {dtype} |
"""


class Metadata:
    """What a model card says of a model, read when it is first asked for."""

    def __init__(self, card: str | None, values: dict[str, Any]) -> None:
        self._card = card
        self._values = values

    @classmethod
    def of(cls, base_model_name: str | None, language: list[str] | None) -> Metadata:
        """Hold given values."""
        return cls(None, {"base_model": base_model_name, "language": language})

    @classmethod
    def in_folder(cls, folder: str) -> Metadata:
        """Read the README.md of a folder, if there is one, when asked."""
        return cls(os.path.join(folder, "README.md"), {})

    def get(self, name: str) -> Any:
        """Return a value of the card's header, or None."""
        card = self._card
        if card is not None:
            # Threads that come at once all read it: none sees it as read before its values are
            # there, and nobody waits for a lock.
            self._values = _header(card)
            self._card = None
        return self._values.get(name)


def _header(card: str) -> dict[str, Any]:
    try:
        with open(card, "rb") as file:
            text = file.read().decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        _without_card(card, error)
        return {}
    # Reading the header takes a YAML parser; huggingface_hub brings one.
    from huggingface_hub import ModelCard

    try:
        data: Any = ModelCard(text, ignore_metadata_errors=True).data
        values: dict[str, Any] = data.to_dict()
    except (TypeError, ValueError) as error:
        _without_card(card, error)
        return {}
    return values


def _without_card(card: str, error: Exception) -> None:
    # It describes the model; vectors do not depend on it.
    warning(__name__, "%s cannot be read and is left out: %s", card, error)


def read_config(native: Model) -> dict[str, Any]:
    """Return what the model's configuration file holds; the native part has checked it."""
    files = native.files
    if files is None:
        return {}
    with open(files[0], encoding="utf-8") as file:
        return cast("dict[str, Any]", json.load(file))


def save(
    model: StaticModel,
    path: str | PathLike[str],
    *,
    model_name: str | None,
    subfolder: str | None,
) -> None:
    """Write the files of a model: matrix, tokenizer, configuration, modules.json and card."""
    from pathlib import Path

    folder = Path(path) / subfolder if subfolder else Path(path)
    folder.mkdir(parents=True, exist_ok=True)

    tensors = [
        (name, tensor.dtype.name, bits(np.ascontiguousarray(tensor)))
        for name, tensor in (
            ("embeddings", model.embedding),
            ("weights", model.weights),
            ("mapping", model.token_mapping),
        )
        if tensor is not None
    ]
    # What is saved is what was loaded: not what another program has written there since.
    tokenizer_json = model._native.tokenizer_json()
    model._native.check_unchanged()
    write_tensors(folder / "model.safetensors", tensors)
    _write(folder / "tokenizer.json", tokenizer_json)

    config = dict(model.config)
    config["embedding_dtype"] = model.embedding_dtype
    config.pop("vocabulary_quantization", None)
    if model.token_mapping is not None:
        config["vocabulary_quantization"] = len(model.embedding)
    _write(folder / "config.json", json.dumps(config, indent=4))

    # For sentence-transformers, which loads such a folder as a pipeline of modules.
    modules = [_module(0, ".", "StaticEmbedding")]
    if config.get("normalize"):
        modules.append(_module(1, "1_Normalize", "Normalize"))
    _write(folder / "modules.json", json.dumps(modules, indent=4))
    _write(folder / "README.md", _card(model, model_name or folder.name))


def _module(index: int, path: str, kind: str) -> dict[str, object]:
    kind = f"sentence_transformers.models.{kind}"
    return {"idx": index, "name": str(index), "path": path, "type": kind}


def _write(file: Path, text: str) -> None:
    # A file that a model in use has mapped is replaced, never cut short.
    new = NewFile(file)
    new.write(text.encode("utf-8"))
    new.commit()


def _card(model: StaticModel, name: str) -> str:
    from huggingface_hub import ModelCardData

    base = model.base_model_name
    header = ModelCardData(
        model_name=name,
        base_model=base,
        language=model.language,
        library_name="model2vec",
        tags=["embeddings", "static-embeddings", "sentence-transformers"],
    )
    text = _CARD.format(
        name=name,
        base=base or "not known",
        dim=model.dim,
        tokens=model._native.tokens,
        dtype=model.embedding_dtype,
    )
    return f"---\n{header.to_yaml()}\n---\n\n{text}"


def push_folder(
    model: StaticModel, repo_id: str, *, private: bool, token: str | None, subfolder: str | None
) -> None:
    """Save a model to a hub repository, which is made if it is not there."""
    from tempfile import TemporaryDirectory

    import huggingface_hub
    from huggingface_hub import constants
    from huggingface_hub.errors import HfHubHTTPError

    with TemporaryDirectory() as folder:
        save(model, folder, model_name=repo_id, subfolder=None)
        try:
            if not huggingface_hub.repo_exists(repo_id=repo_id, token=token):
                huggingface_hub.create_repo(repo_id, token=token, private=private)
            huggingface_hub.upload_folder(
                repo_id=repo_id, folder_path=folder, token=token, path_in_repo=subfolder
            )
        except Exception as error:
            from m2v_fast.hub import first_line, is_of_the_network

            if not is_of_the_network(error) or isinstance(error, HfHubHTTPError):
                raise
            raise ConnectionError(
                f"the model could not be pushed to {repo_id!r}, as {constants.ENDPOINT} could not "
                f"be reached: {first_line(error)}"
            ) from error
