"""The code of README and site, as it is printed.

A comment above a block says what is to be known of it:

    <!-- in: integrations -->   it runs in that environment (a target of the Makefile) and no other
    <!-- at: checkout -->       it runs in the checkout and not in a folder of its own
    <!-- not run: REASON -->    no test runs it
    <!-- output: varies -->     what is printed below it is an example (… in it stands for anything
                                where it is compared)
    <!-- keeps running: URL --> it is a server, which answers there soon, and ends with the page

A page runs from top to bottom as one session in each environment that its blocks name; a page whose
first line is `<!-- run by: FILE -->` has a test of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: What runs where nothing else is said: `make test-python`.
HERE = "tests"
#: What is code, and what is the output of code.
RUN = {"python": "python", "sh": "sh", "bash": "sh", "console": "sh"}

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>[\w{}-]*)\n(?P<code>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_MARK = re.compile(r"<!-- (in|at|not run|output|keeps running): (.+?) -->", re.DOTALL)
_PAGE_MARK = re.compile(r"\A<!-- run by: (\S+) -->\n")


@dataclass(frozen=True)
class Block:
    """A block of code."""

    page: str
    line: int
    language: str
    code: str
    environment: str
    at_checkout: bool
    not_run: str | None
    output: str | None
    #: Where it answers, if it is a server.
    url: str | None

    @property
    def name(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """README and every page of the site."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def run_elsewhere(page: Path) -> str | None:
    """The test file that runs a page, if it has one of its own."""
    found = _PAGE_MARK.match(page.read_text(encoding="utf-8"))
    return found and found[1]


def _indented(code: str, indent: str) -> str:
    return "".join(line.removeprefix(indent) for line in code.splitlines(keepends=True))


def read(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    name = page.relative_to(ROOT).as_posix()
    found: list[Block] = []
    end = 0
    for fence in _FENCE.finditer(text):
        between = text[end : fence.start()]
        end = fence.end()
        # Marks belong to the block that they stand right above.
        marks = dict(_MARK.findall(between.rpartition("\n\n\n")[2]))
        code = _indented(fence["code"], fence["indent"])
        language = fence["language"]
        if language in RUN:
            found.append(
                Block(
                    page=name,
                    line=text.count("\n", 0, fence.start()) + 1,
                    language=RUN[language],
                    code=code,
                    environment=marks.get("in", HERE),
                    at_checkout=marks.get("at") == "checkout",
                    not_run=" ".join(marks["not run"].split()) if "not run" in marks else None,
                    output=None,
                    url=marks.get("keeps running"),
                )
            )
        elif language == "text" and found and not _prose(between) and marks.get("output") is None:
            found[-1] = Block(**{**vars(found[-1]), "output": code})
    return found


def _prose(between: str) -> bool:
    """Whether something stands between two fences that a reader sees."""
    return bool(re.sub(r"<!--.*?-->", "", between, flags=re.DOTALL).strip())


def all_blocks() -> list[Block]:
    """The blocks of all pages but those that have a test of their own."""
    return [block for page in pages() if not run_elsewhere(page) for block in read(page)]
