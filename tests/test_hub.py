"""Models by name: the real `huggingface_hub` client, a hub on the loopback interface, a process
for each load (the client reads its environment when it is imported).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from m2v_fast import StaticModel

from tests.support import process
from tests.support.folders import LAYOUTS, Folder, Shape
from tests.support.hub import Files, Hub, Repository, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import MakeFolder

NAME = "somebody/small-model"
MISSING = "nobody/no-such-model"


def _files(folder: Folder, under: str = "") -> Files:
    return {
        f"{under}{name}": (folder.path / name).read_bytes() for name in LAYOUTS[folder.layout][:3]
    }


def _vector(folder: Folder, **arguments: Any) -> str:
    model = StaticModel.from_pretrained(folder.path, **arguments)
    return model.encode("the statement of the import").tobytes().hex()


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A running, empty hub."""
    with serve() as hub:
        yield hub


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The client's folder, with its cache in it."""
    return tmp_path / "home"


class Loader:
    """Loads in fresh processes that know one hub address and one home."""

    def __init__(self, address: str, home: Path) -> None:
        self.env: dict[str, str | None] = {
            "HF_ENDPOINT": address,
            "HF_HOME": str(home),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_OFFLINE": None,
            "HF_HUB_CACHE": None,
            "HUGGINGFACE_HUB_CACHE": None,
            "HF_TOKEN": None,
            "TRANSFORMERS_OFFLINE": None,
        }

    def __call__(self, source: str = NAME, *, offline: bool = False, **arguments: Any) -> Any:
        env = {**self.env, "HF_HUB_OFFLINE": "1"} if offline else self.env
        child = process.CHILDREN / "load.py"
        return process.answer(child, source, json.dumps(arguments), env=env)

    def vector(self, source: str = NAME, **options: Any) -> str:
        """The vector of a load that must succeed."""
        result = self(source, **options)
        assert result["ok"], result
        assert result["seconds"] < 60
        vector: str = result["vector"]
        return vector

    def error(self, source: str = NAME, **options: Any) -> tuple[list[str], str]:
        """Types and message of a load that must fail, and must not take long over it."""
        result = self(source, **options)
        assert not result["ok"]
        assert result["seconds"] < 60
        return result["types"], result["message"]


@pytest.fixture
def load(hub: Hub, home: Path) -> Loader:
    """Loads from the running hub."""
    return Loader(hub.address, home)


@pytest.fixture
def dead(home: Path) -> Loader:
    """Loads beside a hub that does not answer, with the same cache."""
    with serve() as hub:
        address = hub.address
    return Loader(address, home)


@pytest.fixture
def repository(hub: Hub, small: Folder) -> Repository:
    """The small model on the hub, beside things that no model needs."""
    repository = hub.repositories[NAME] = Repository()
    extra = {"README.md": b"# A model", "pytorch_model.bin": b"x", "onnx/model.onnx": b"x"}
    repository.commit({**_files(small), **extra}, "main")
    return repository


@pytest.mark.usefixtures("repository")
def test_a_model_is_downloaded_once(
    hub: Hub, load: Loader, dead: Loader, small: Folder, home: Path
) -> None:
    expected = _vector(small)
    assert load.vector() == expected
    paths = [path for method, path in hub.asked() if method == "GET"]
    assert any(path.endswith("model.safetensors") for path in paths)
    assert not any(path.endswith((".bin", ".onnx")) for path in paths)
    assert home.is_dir()
    # From now on the cache does, without a question to the hub, running or not.
    assert load.vector() == expected
    assert hub.asked() == []
    assert dead.vector() == expected
    assert dead.vector(offline=True) == expected
    assert dead.vector(local_files_only=True) == expected


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_and_subfolders(
    hub: Hub, load: Loader, make_folder: MakeFolder, layout: str
) -> None:
    folder = make_folder("wordpiece", Shape(width=12), layout=layout)
    other = make_folder("wordpiece", Shape(width=20))
    repository = hub.repositories[NAME] = Repository()
    repository.commit({**_files(folder), **_files(other, "sub/folder/")}, "main")
    assert load.vector() == _vector(folder)
    # What is cached of one folder is not taken for the other.
    assert load.vector(subfolder="sub/folder") == _vector(other)
    hub.asked()
    assert load.vector(subfolder="sub/folder") == _vector(other)
    assert load.vector() == _vector(folder)
    assert hub.asked() == []


@pytest.fixture
def two_versions(
    hub: Hub, repository: Repository, make_folder: MakeFolder
) -> Callable[[], tuple[Folder, str]]:
    """Publishes a second version of the model as `main`: its folder and its commit."""

    def publish() -> tuple[Folder, str]:
        newer = make_folder("wordpiece", Shape(seed=5), config={"normalize": True})
        commit = repository.commit(_files(newer), "main")
        hub.asked()
        return newer, commit

    return publish


def test_the_cache_is_refreshed_only_when_asked(
    hub: Hub,
    load: Loader,
    small: Folder,
    two_versions: Callable[[], tuple[Folder, str]],
) -> None:
    assert load.vector() == _vector(small)
    newer, _ = two_versions()
    assert _vector(newer) != _vector(small)
    assert load.vector() == _vector(small)
    assert hub.asked() == []
    assert load.vector(force_download=True) == _vector(newer)
    hub.asked()
    assert load.vector() == _vector(newer)
    assert hub.asked() == []


def test_revisions(
    hub: Hub,
    load: Loader,
    dead: Loader,
    small: Folder,
    repository: Repository,
    two_versions: Callable[[], tuple[Folder, str]],
) -> None:
    first = repository.revisions["main"]
    repository.revisions["v1"] = first
    newer, second = two_versions()
    assert load.vector() == _vector(newer)
    assert load.vector(revision="v1") == _vector(small)
    assert load.vector(revision=first) == _vector(small)
    assert load.vector(revision=second) == _vector(newer)
    hub.asked()
    # A pinned revision never gives another one, cached or not.
    assert dead.vector() == _vector(newer)
    assert dead.vector(revision="v1") == _vector(small)
    assert dead.vector(revision=first, offline=True) == _vector(small)
    types, message = load.error(revision="v9")
    assert "OSError" in types
    assert "v9" in message
    assert NAME in message


@pytest.mark.parametrize("pin", ["a commit", "v1"])
def test_a_pinned_revision_is_not_taken_for_main(
    hub: Hub,
    load: Loader,
    dead: Loader,
    small: Folder,
    repository: Repository,
    two_versions: Callable[[], tuple[Folder, str]],
    pin: str,
) -> None:
    first = repository.revisions["v1"] = repository.revisions["main"]
    newer, _ = two_versions()
    assert load.vector(revision=first if pin == "a commit" else pin) == _vector(small)
    hub.asked()
    # What the hub refuses is refused, whatever is kept.
    for status, code in ((401, "RepoNotFound"), (403, "GatedRepo"), (403, "Forbidden"), (404, "")):
        repository.refusal = (status, code)
        types, message = load.error()
        assert "OSError" in types
        assert NAME in message
    # If it cannot answer, or is not to be asked, that is better than nothing.
    repository.refusal = (503, "")
    assert load.vector() == _vector(small)
    assert dead.vector() == _vector(small)
    hub.asked()
    assert load.vector(offline=True) == _vector(small)
    assert load.vector(local_files_only=True) == _vector(small)
    assert hub.asked() == []
    dead.error(revision="main")
    # None of that says where the branch is: the hub does.
    repository.refusal = None
    assert load.vector() == _vector(newer)
    assert hub.asked() != []
    assert load.vector() == _vector(newer)
    assert load.vector(revision=first) == _vector(small)
    assert hub.asked() == []


@pytest.mark.usefixtures("repository")
def test_cache_folders(hub: Hub, load: Loader, dead: Loader, small: Folder, tmp_path: Path) -> None:
    mine = tmp_path / "my cache"
    assert load.vector(cache_dir=str(mine)) == _vector(small)
    assert list(mine.rglob("model.safetensors"))
    hub.asked()
    assert dead.vector(cache_dir=str(mine)) == _vector(small)
    # The cache asked for is the one that counts.
    _, message = dead.error(cache_dir=str(tmp_path / "another"))
    assert str(tmp_path / "another") in message
    dead.error()


def test_a_token_opens_a_private_model(
    hub: Hub, load: Loader, small: Folder, repository: Repository
) -> None:
    repository.token = "hf_secret"
    types, message = load.error()
    assert "OSError" in types
    assert NAME in message
    types, message = load.error(token="hf_wrong")
    assert "hf_wrong" not in message
    assert load.vector(token="hf_secret") == _vector(small)


def test_a_partial_download_is_finished_and_never_taken_for_a_model(
    hub: Hub, load: Loader, dead: Loader, small: Folder, repository: Repository
) -> None:
    repository.withheld.add("model.safetensors")
    types, message = load.error()
    assert "OSError" in types
    assert NAME in message
    types, message = dead.error()
    assert "OSError" in types
    assert NAME in message
    repository.withheld.clear()
    assert load.vector() == _vector(small)


def _says_how_to_go_on(message: str) -> bool:
    """A local folder is what works without a hub, and the message must say so."""
    return "path of a local folder" in message


def test_an_unreachable_hub(dead: Loader, home: Path) -> None:
    types, message = dead.error(MISSING)
    assert "OSError" in types
    assert MISSING in message
    assert dead.env["HF_ENDPOINT"] in message  # type: ignore[operator]
    assert str(home) in message
    assert _says_how_to_go_on(message)


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("arguments", [{"offline": True}, {"local_files_only": True}])
def test_offline_with_an_empty_cache(
    hub: Hub, load: Loader, home: Path, arguments: dict[str, Any]
) -> None:
    types, message = load.error(**arguments)
    assert "FileNotFoundError" in types
    assert NAME in message
    assert str(home) in message
    assert ("HF_HUB_OFFLINE" if "offline" in arguments else "local_files_only") in message
    assert _says_how_to_go_on(message)
    assert hub.asked() == []


@pytest.mark.usefixtures("repository")
def test_a_missing_repository(load: Loader, hub: Hub) -> None:
    types, message = load.error(MISSING)
    assert "OSError" in types
    assert MISSING in message
    assert hub.address in message


def test_a_repository_that_holds_no_model(load: Loader, hub: Hub) -> None:
    repository = hub.repositories[NAME] = Repository()
    repository.commit({"README.md": b"# Nothing here", "config.json": b"{}"}, "main")
    types, message = load.error()
    assert "OSError" in types or "ModelError" in types
    assert NAME in message or "somebody--small-model" in message
    assert "model.safetensors" in message


@pytest.mark.usefixtures("repository")
def test_paths_are_never_asked_of_the_hub(hub: Hub, load: Loader, tmp_path: Path) -> None:
    for path in (tmp_path / "a" / "b", Path(tmp_path.anchor) / "no-such" / "model"):
        types, message = load.error(str(path))
        assert "FileNotFoundError" in types
        assert str(path) in message
    for name in ("./no/model", "../no-model", "~/no-model", "a/b/c/d"):
        types, message = load.error(name)
        assert "FileNotFoundError" in types
        assert name in message
    assert hub.requests == []


def test_a_folder_wins_over_a_name(load: Loader, hub: Hub, small: Folder) -> None:
    result = load(str(small.path))
    assert result["vector"] == _vector(small)
    assert result["imported"] == []
    assert hub.requests == []
