"""Hub names to local folders, by way of huggingface_hub; imported only when a name is given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import huggingface_hub
from huggingface_hub import constants
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from m2v_fast import _native

if TYPE_CHECKING:
    from os import PathLike

# The files of the three layouts, and the model card that names languages and base model.
_FILES = (
    "config.json",
    "config_sentence_transformers.json",
    "model.safetensors",
    "tokenizer.json",
    "0_StaticEmbedding/model.safetensors",
    "0_StaticEmbedding/tokenizer.json",
    "README.md",
)


def snapshot(
    name: str,
    *,
    token: str | bool | None,
    revision: str | None,
    subfolder: str | None,
    cache_dir: str | PathLike[str] | None,
    local_files_only: bool,
    force_download: bool,
) -> Path:
    """Return the folder of a hub repository's files, from the cache or freshly downloaded.

    The arguments are those of `m2v_fast.sources.resolve`, as are the errors.
    """
    prefix = f"{subfolder.strip('/')}/" if subfolder else ""
    patterns = [prefix + file for file in _FILES]
    cache = Path(cache_dir) if cache_dir is not None else Path(constants.HF_HUB_CACHE)
    what = f"the model {name!r}" + (f" at revision {revision!r}" if revision else "")
    how_offline = (
        "To work without the network, pass the path of a local folder or "
        "m2v_fast.BUNDLED_MODEL, or fetch the model once where there is a network "
        f"(`hf download {name}`) and bring the cache folder along."
    )

    def fetch(*, local: bool) -> Path:
        return Path(
            huggingface_hub.snapshot_download(
                name,
                revision=revision,
                cache_dir=cache,
                token=token,
                allow_patterns=patterns,
                local_files_only=local,
                force_download=force_download and not local,
            )
        )

    from_cache = not force_download or local_files_only

    def copied() -> Path | None:
        # For when the hub is not asked, or cannot be; never in place of its answer.
        return _without_refs(cache, name, prefix) if from_cache and not revision else None

    if from_cache:
        try:
            folder = fetch(local=True)
        except LocalEntryNotFoundError:
            pass
        else:
            # A download that broke off leaves a folder with some of the files.
            if _native.is_model_folder(folder / prefix):
                return folder

    if local_files_only or constants.HF_HUB_OFFLINE:
        if (spare := copied()) is not None:
            return spare
        reason = "local_files_only=True" if local_files_only else "HF_HUB_OFFLINE is set"
        raise FileNotFoundError(
            f"{what} is not a local folder and is not complete in the cache {cache}, and the "
            f"network is not used ({reason}). {how_offline}"
        )
    try:
        folder = fetch(local=False)
        if not _native.is_model_folder(folder / prefix):
            # Without the hub huggingface_hub returns what is in the cache, in silence: ask again.
            huggingface_hub.HfApi().model_info(name, revision=revision, token=token)
        return folder
    except GatedRepoError as error:
        raise PermissionError(
            f"the hub does not give access to {what}: accept its terms on its page, and pass "
            "token= or log in with `hf auth login`"
        ) from error
    except RepositoryNotFoundError as error:
        raise FileNotFoundError(
            f"{what} is neither a local folder nor a model on {constants.ENDPOINT} that can be "
            "seen with this token; if it is private, pass token= or log in with `hf auth login`"
        ) from error
    except RevisionNotFoundError as error:
        raise FileNotFoundError(
            f"{name!r} on {constants.ENDPOINT} has no revision {revision!r}"
        ) from error
    except Exception as error:
        known = (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError)
        if not isinstance(error, known) and not is_of_the_network(error):
            raise
        if _is_unreachable(error) and (spare := copied()) is not None:
            return spare
        raise ConnectionError(
            f"{what} is not a local folder and is not complete in the cache {cache}, and it could "
            f"not be fetched from {constants.ENDPOINT}: {first_line(error)}. {how_offline}"
        ) from error


def _without_refs(cache: Path, name: str, prefix: str) -> Path | None:
    """Find the newest whole snapshot in a cache that does not say which one is the main branch.

    So it is where only the folder of snapshots was brought along (model2vec loads it, too), but
    also where only tags and commits were asked for.
    """
    repository = cache / f"models--{name.replace('/', '--')}"
    if (repository / "refs" / "main").exists():
        return None
    try:
        snapshots = [path for path in (repository / "snapshots").iterdir() if path.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return None
    whole = [path for path in snapshots if _native.is_model_folder(path / prefix)]
    return max(whole, key=lambda path: path.stat().st_mtime, default=None)


def _is_unreachable(error: BaseException) -> bool:
    """Whether the hub gave no answer, or only that it cannot at the moment."""
    cause: BaseException | None = error
    while cause is not None:
        # Before its release 1.0 a missing entry of the cache was an answer, too, with no response.
        response = getattr(cause, "response", None)
        if isinstance(cause, HfHubHTTPError) and response is not None:
            return response.status_code >= 500 or response.status_code in {408, 429}
        cause = cause.__cause__
    # A cache that cannot be written is an OSError as well, and none of the network's.
    names = {kind.__name__ for kind in type(error).__mro__}
    known = (LocalEntryNotFoundError, ConnectionError, TimeoutError)
    return isinstance(error, known) or not names.isdisjoint({"TransportError", "RequestException"})


def is_of_the_network(error: BaseException) -> bool:
    """Whether the hub could not be reached, by whichever client huggingface_hub uses."""
    # requests' errors are of OSError; httpx and its successors have classes of these names.
    names = {kind.__name__ for kind in type(error).__mro__}
    return isinstance(error, OSError) or "TransportError" in names


def first_line(error: BaseException) -> str:
    """Return the first line of the innermost cause: what the network said."""
    cause: BaseException = error
    while (inner := cause.__cause__ or cause.__context__) is not None:
        cause = inner
    text = str(cause).strip()
    return text.splitlines()[0] if text else type(cause).__name__
