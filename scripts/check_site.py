"""Every link of the built site leads somewhere: to a file of it, and to an anchor in that file.

usage: python scripts/check_site.py FOLDER
"""

from __future__ import annotations

import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class _Page(HTMLParser):
    """The anchors and the links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = {""}
        self.links: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the tag names and leads to."""
        for name, value in attrs:
            if value is None:
                continue
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value)
            elif name in ("href", "src"):
                self.links.add(value)


@cache
def _read(file: Path) -> _Page:
    return _Page(file.read_text(encoding="utf-8"))


def _problem(page: Path, link: str) -> str | None:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if target.is_dir():
        target = target / "index.html"
    if not target.is_file():
        return "there is no such file"
    anchor = unquote(parts.fragment)
    if target.suffix == ".html" and anchor not in _read(target).anchors:
        return "there is no such anchor"
    return None


def main() -> None:
    """Check a folder."""
    root = Path(sys.argv[1])
    pages = sorted(path for path in root.rglob("*.html") if "_static" not in path.parts)
    links = [(page, link) for page in pages for link in sorted(_read(page).links)]
    problems = [
        f"{page.relative_to(root)}: {link}: {problem}"
        for page, link in links
        if (problem := _problem(page, link))
    ]
    if problems or not pages:
        sys.exit("\n".join(problems) or f"{root}: no pages")
    print(f"{len(pages)} pages, {len(links)} links: each leads somewhere")


if __name__ == "__main__":
    main()
