"""What a release needs agrees: versions, CHANGELOG.md, licences, workflows, forms."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
if not (ROOT / ".github").exists():
    pytest.skip("of a checkout, not of a source distribution", allow_module_level=True)

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = [
    path
    for path in sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
    if path.name != "config.yml"
]

CHANGELOG = "# Changelog\n\nWords.\n\n## Unreleased\n\n- New.\n\n## 0.0.9 (2026-01-02)\n\n- Old.\n"


def _script(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


release = _script("release")


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_this_tree_could_be_released_once_its_entry_is_closed(tmp_path: Path) -> None:
    assert release.problems(ROOT, None, may_be_open=True) == []
    for name in release.versions():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(_text(name), encoding="utf-8")
    version = release.versions()["Cargo.toml"]
    text = _text("CHANGELOG.md")
    if "## Unreleased\n\n###" in text:
        text = release.closed(text, version, "2026-02-03")
    (tmp_path / "CHANGELOG.md").write_text(text, encoding="utf-8")
    assert release.problems(tmp_path, f"v{version}", may_be_open=False) == []


def test_what_disagrees_is_named(tmp_path: Path) -> None:
    for name in release.versions():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(_text(name), encoding="utf-8")
    (tmp_path / "CITATION.cff").write_text("version: 9.9.9\n", encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG, encoding="utf-8")
    found = "\n".join(release.problems(tmp_path, "v1.2.3", may_be_open=False))
    for part in ("CITATION.cff says 9.9.9", "the tag is v1.2.3", "empty entry", "has no entry"):
        assert part in found


def test_closing_an_entry() -> None:
    text = release.closed(CHANGELOG, "0.1.0", "2026-02-03")
    assert release.entries(text) == [
        ("Unreleased", ""),
        ("0.1.0 (2026-02-03)", "- New."),
        ("0.0.9 (2026-01-02)", "- Old."),
    ]
    assert release.notes(text, may_be_open=False) == "- New.\n"
    assert release.notes(CHANGELOG, may_be_open=True) == "- New.\n"
    assert release.notes(CHANGELOG, may_be_open=False) == "- Old.\n"
    with pytest.raises(SystemExit, match="date"):
        release.closed(CHANGELOG, "0.1.0", "tomorrow")


def test_a_release_is_complete_or_says_what_it_lacks() -> None:
    names = [
        pattern.format("1.0.0").replace(r"[\w.]+", "2014").replace(r"\w+", "11_0").replace("\\", "")
        for pattern in release.FILES
    ]
    assert release.missing(names, "1.0.0") == []
    assert len(release.missing(names[1:], "1.0.0")) == 1
    assert release.missing([*names, "other.whl"], "1.0.0") == ["other.whl is not expected"]
    assert len(release.missing(names, "1.0.1")) == 2 * len(names)


def test_licences_of_what_is_compiled_in_are_in_the_metadata() -> None:
    for project, notices in (
        ("pyproject.toml", "THIRD-PARTY-LICENSES"),
        ("rust/server/pyproject.toml", "rust/server/THIRD-PARTY-LICENSES"),
    ):
        match = re.search(r'^license = "(.+)"$', _text(project), re.MULTILINE)
        assert match
        stated = set(match[1].split(" AND "))
        head = _text(notices).split("=" * 80)[0]
        crates = re.findall(r"^\S+ \d\S*: (.+)$", head, re.MULTILINE)
        assert len(crates) > 50
        for expression in crates:
            for part in expression.replace("/", " OR ").split(" AND "):
                choices = {word for word in re.findall(r"[\w.-]+", part) if word != "OR"}
                assert choices & stated, (project, expression)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for action in re.findall(r"uses: (\S+.*)$", text, re.MULTILINE):
        if not action.startswith("./"):
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action
    assert "\npermissions: {}\n" in text
    jobs = text.split("\njobs:\n")[1]
    heads = re.findall(r"^  [\w-]+:\n", jobs, re.MULTILINE)
    assert len(heads) == len(re.findall(r"^    permissions:$", jobs, re.MULTILINE))
    if path.name in ("release.yml", "wheels.yml"):
        assert "rust-cache" not in text
        assert "cancel-in-progress: true" not in text


def test_targets_that_workflows_name_are_there() -> None:
    targets = set(re.findall(r"^([\w -]+):.*##", _text("Makefile"), re.MULTILINE))
    known = {word for line in targets for word in line.split()}
    named = {
        word
        for path in WORKFLOWS
        for word in re.findall(r"make ([a-z][\w-]+)", path.read_text(encoding="utf-8"))
    }
    assert {"check-wheel", "test-oldest", "test-reproducible", "check-workflows"} <= named
    assert named - known == set()


def test_issue_forms_ask_for_what_is_needed() -> None:
    assert {path.stem for path in FORMS} == {"wrong-vector", "slow", "crash"}
    for path in FORMS:
        assert "m2v-fast info" in path.read_text(encoding="utf-8")
