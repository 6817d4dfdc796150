"""A page whose code fails, or prints something else than it shows, is noticed."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from tests.pages import blocks
from tests.support import process

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
```python
count = 3
print("it is", count, "of", id(count))
```

```text
it is 3 of …
```

- In a list:

  <!-- at: checkout -->
  ```sh
  test -d tests
  ```

<!-- not run: it would remove everything -->
```sh
rm -rf /
```

```python
assert count == 3  # of the block above
```
"""


def _run(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    page = folder / "page.md"
    page.write_text(text, encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(blocks, "ROOT", folder)
        found = blocks.read(page)
    session = folder / "session.json"
    session.write_text(
        json.dumps([{**asdict(block), "name": block.name} for block in found if not block.not_run]),
        encoding="utf-8",
    )
    done = process.run("-m", "tests.pages.session", session, blocks.ROOT, cwd=folder)
    return done.returncode, done.stderr.decode()


def test_a_page_that_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _run(GOOD, tmp_path, monkeypatch) == (0, "")


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("it is 3", "it is 4", "page.md:2 prints something else"),
        ("count = 3", "count = 2", "page.md:2 prints something else"),
        ("count == 3 ", "count == 2 ", "page.md:23 fails"),
        ("test -d tests", "test -d nowhere", "page.md:14 fails"),
        ("  <!-- at: checkout -->\n", "\n", "page.md:14 fails"),
    ],
)
def test_a_page_that_does_not(
    right: str, wrong: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert right in GOOD
    code, errors = _run(GOOD.replace(right, wrong), tmp_path, monkeypatch)
    assert code == 1
    assert said in errors
