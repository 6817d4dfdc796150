"""Fresh interpreters: what importing, loading and the first texts cost a new process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from benches import AS_STARTED

if TYPE_CHECKING:
    from pathlib import Path

_CLOCK = "import time; start = time.perf_counter()\n"
_TELL = (
    "import json; print(json.dumps({'import': imported - start, 'load': loaded - imported,"
    " 'query': done - loaded}))\n"
)


# One in each of several scripts, so that nothing that is put off to the first of them is left out.
_FIRST = (
    "a first query",
    "crème brûlée",
    "поиск",
    "向量数据库",
    "ベクトル検索",
    "벡터 검색",
    "ค้นหา",
    "\U0001f600",
)


def _whole(package: str, folder: Path) -> str:
    return (
        f"{_CLOCK}from {package} import StaticModel\nimported = time.perf_counter()\n"
        f"model = StaticModel.from_pretrained({str(folder)!r})\nloaded = time.perf_counter()\n"
        f"for text in {_FIRST!r}:\n    model.encode(text)\ndone = time.perf_counter()\n{_TELL}"
    )


def programs(folder: Path) -> dict[str, str]:
    """Programs by name: nothing, NumPy, each package alone, each with load and first texts."""
    return {
        "python": "pass",
        "import numpy": "import numpy",
        "import m2v_fast": "import m2v_fast",
        "import model2vec": "import model2vec",
        "m2v_fast: import, load, first texts": _whole("m2v_fast", folder),
        "model2vec: import, load, first texts": _whole("model2vec", folder),
    }


def run(program: str) -> tuple[float, dict[str, Any]]:
    """Seconds that a process took from start to end, and what it told of its parts."""
    start = time.perf_counter()
    command = [sys.executable, "-c", program]
    # As a user starts it: no variable is set that holds NumPy's libraries to one thread.
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=AS_STARTED)
    seconds = time.perf_counter() - start
    parts: dict[str, Any] = json.loads(done.stdout) if done.stdout.strip() else {}
    return seconds, parts


_MEMORY = """
import json, sys
from pathlib import Path
from benches.texts import read_texts
from {package} import StaticModel
def status(name):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
file = Path(sys.argv[1]) if sys.argv[1] else None
texts = read_texts(file, sys.argv[2])[:int(sys.argv[3])]
before = status("RssAnon")
model = StaticModel.from_pretrained(sys.argv[4])
after = status("RssAnon")
most = after
for i in range(0, len(texts), 100):
    model.encode(texts[i:i + 100])
    most = max(most, status("RssAnon"))
print(json.dumps({{"load": after - before, "all": most - before, "peak": status("VmHWM")}}))
"""


def memory(
    package: str, folder: Path, file: Path | None, field: str, documents: int
) -> dict[str, int]:
    """Growth of anonymous memory by loading and encoding over the import, and peak memory.

    In bytes; only Linux tells it.
    """
    arguments = [str(file or ""), field, str(documents), str(folder)]
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY.format(package=package), *arguments],
        stdout=subprocess.PIPE,
        check=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    told: dict[str, int] = json.loads(done.stdout)
    return told
