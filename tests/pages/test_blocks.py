"""What README and pages say of themselves: which code is run where, and where their links lead."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.pages import blocks
from tests.pages.blocks import ROOT

if TYPE_CHECKING:
    from pathlib import Path

README = ROOT / "README.md"
REPOSITORY = "https://github.com/m2v-fast/m2v-fast"

if not (ROOT / "rust" / "server").exists():
    pytest.skip("of a checkout, not of a source distribution", allow_module_level=True)

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

#: Blocks that no test runs, for each page. Each says why above itself.
NOT_RUN = {
    "docs/benchmarks/README.md": 5,
    "docs/bulk.md": 3,
    "docs/bundled-model.md": 4,
    "docs/install.md": 3,
    "docs/performance.md": 1,
    "docs/releasing.md": 1,
    "docs/rust.md": 1,
    "docs/server.md": 1,
    "docs/trust.md": 1,
}


def test_what_is_not_run() -> None:
    left = [block for block in blocks.all_blocks() if block.not_run is not None]
    names = "\n".join(f"{block.name}: {block.not_run}" for block in left)
    print(names)
    assert Counter(block.page for block in left) == NOT_RUN, names
    for block in left:
        assert len(block.not_run or "") > 15, block.name


#: Blocks of other languages, and what runs them: rustdoc in the Makefile, the tests of proxies,
#: nothing (one line of a manifest), and the site's own.
OTHERS = {
    ("docs/rust.md", "rust"),
    ("docs/rust.md", "toml"),
    ("docs/server.md", "nginx"),
    ("docs/server.md", "caddy"),
    ("docs/index.md", "{toctree}"),
    ("docs/api.md", "{eval-rst}"),
}


def test_no_code_is_in_a_language_that_nothing_runs() -> None:
    found = {
        (page.relative_to(ROOT).as_posix(), language)
        for page in blocks.pages()
        for language in re.findall(r"^ *```(\S+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        if language not in blocks.RUN and language != "text"
    }
    assert found == OTHERS
    assert "rustdoc --test docs/rust.md" in MAKEFILE


def test_every_environment_is_a_target() -> None:
    wanted = {block.environment for block in blocks.all_blocks()} - {blocks.HERE}
    assert wanted == set(re.findall(r"M2V_FAST_PAGES=([\w-]+)", MAKEFILE))


def test_pages_with_a_test_of_their_own() -> None:
    elsewhere = [name for page in blocks.pages() if (name := blocks.run_elsewhere(page))]
    assert elsewhere
    for name in elsewhere:
        assert (ROOT / name).exists()


@pytest.mark.parametrize("page", blocks.pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_of_the_checkout_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([\w-]+(?: [\w-]+)*):", MAKEFILE, re.MULTILINE))
    known = {name for names in targets for name in names.split()}
    # `make` starts a line of a block, or a piece of code in a sentence.
    for named in re.findall(r"(?:^|`)make ([a-z][a-z0-9 -]*)", text, re.MULTILINE):
        for target in named.split():
            assert target in known, f"make {target}"
    for module in re.findall(r"python -m ((?:benches|tests)\.[\w.]+)", text):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module
    for script in re.findall(r"\b((?:scripts|examples)/[\w/]+\.py)", text):
        assert (ROOT / script).exists(), script


def _slug(heading: str) -> str:
    """The anchor of a heading, as GitHub and the site make it."""
    plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading.strip().lower())
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def test_the_readme_holds_on_a_page_of_a_package_index() -> None:
    text = README.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 140
    for link in re.findall(r"\]\(([^)\s]+)", text) + re.findall(
        r'(?:src|srcset|href)="([^"]+)', text
    ):
        assert link.startswith(("https://", "#")), f"{link} is relative"


@pytest.mark.parametrize("page", blocks.pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_into_the_repository(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for kind, name, anchor in re.findall(
        rf"{REPOSITORY}/(blob|tree|raw)/main/([\w./-]*[\w-])(?:#([\w-]+))?", text
    ):
        path = ROOT / name
        assert path.is_dir() if kind == "tree" else path.is_file(), name
        if anchor:
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in map(_slug, headings), f"{name}#{anchor}"
    # On the site, what lies outside of docs is not there.
    for link in re.findall(r"\]\((\.\./[^)\s]+)", text) if page.parent.name == "docs" else ():
        raise AssertionError(f"{link}: link to {REPOSITORY} instead")


#: Where a path that the architecture names may begin.
ROOMS = (
    "",
    "rust",
    "rust/core/src",
    "rust/core/src/tokenize",
    "rust/core/src/tokenize/models",
    "rust/python/src",
    "rust/server/src",
)


def test_the_architecture_names_what_is_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w/.]+(?:\.rs|\.py|/))`", text))
    assert len(named) > 30
    # A file alone is named after one of the same room.
    files = {path.name for path in (ROOT / "rust" / "core" / "src").rglob("*.rs")}
    for name in named:
        known = any((ROOT / room / name).exists() for room in ROOMS)
        assert known or name in files, name
