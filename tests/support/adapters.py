"""What the tests of several adapters share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from m2v_fast import StaticModel
from m2v_fast.integrations import _base

from tests.support import process

if TYPE_CHECKING:
    import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def count_loads(patch: pytest.MonkeyPatch) -> list[str]:
    """A list to which every load from now on adds its source; nothing is kept from before."""
    _base._load_again.cache_clear()
    loads: list[str] = []
    inner = StaticModel.from_pretrained

    def counted(source: Any, *arguments: Any, **keywords: Any) -> StaticModel:
        loads.append(str(source))
        return inner(source, *arguments, **keywords)

    patch.setattr(StaticModel, "from_pretrained", counted)
    return loads


def count_encoded(patch: pytest.MonkeyPatch) -> list[int]:
    """A list to which every call of `encode` from now on adds its number of texts."""
    sizes: list[int] = []
    inner: Any = StaticModel.encode

    def counted(self: StaticModel, texts: Any, **keywords: Any) -> Any:
        sizes.append(len(texts))
        return inner(self, texts, **keywords)

    patch.setattr(StaticModel, "encode", counted)
    return sizes


def message_without(framework: str, adapter: str) -> str:
    """The message of an adapter's ImportError where its framework is not installed."""
    code = (
        "import json, sys\n"
        f"sys.modules[{framework!r}] = None\n"
        f"try:\n    import {adapter}\n"
        "except ImportError as error:\n    print(json.dumps(str(error)))\n"
    )
    message: str = process.answer("-c", code)
    return message


def run_example(name: str, *arguments: str | Path) -> str:
    """What an example prints; it must succeed."""
    done = process.run(EXAMPLES / name, *arguments)
    output = done.stdout.decode("utf-8")
    assert done.returncode == 0, output + done.stderr.decode("utf-8", "replace")
    return output


def run_search(name: str, *arguments: str | Path) -> None:
    """Runs an example that searches, and looks for what it must find first."""
    output = run_example(name, *arguments)
    assert output.startswith("600 paragraphs "), output
    lines = output.splitlines()
    answer = lines[lines.index("What is the precedence of the operators?") + 1]
    wanted = "[operator-summary] The following table summarizes the operator precedence"
    assert re.fullmatch(rf"  0\.[89]\d\d  {re.escape(wanted)} .*", answer), output
