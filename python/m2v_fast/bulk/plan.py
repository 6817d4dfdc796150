"""What a run is to do, written down before it begins, so that it can be gone on with."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from m2v_fast.bulk.totals import Counts
from m2v_fast.bulk.writers import ENDS, remove_temporary, temporary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MANIFEST = "_m2v_fast.json"
SUCCESS = "_SUCCESS"


@dataclass(frozen=True)
class Part:
    """Some rows of one input, which become one file."""

    number: int
    source: int
    start: int
    stop: int


@dataclass(frozen=True)
class Plan:
    """Inputs, options and parts; `content` is all that decides a byte of what comes out."""

    content: dict[str, Any]
    parts: list[Part]

    @classmethod
    def of(cls, content: dict[str, Any], rows: list[int], rows_per_part: int) -> Plan:
        """Cut inputs of so many rows into parts; an input without rows has none."""
        parts: list[Part] = []
        for source, count in enumerate(rows):
            for start in range(0, count, rows_per_part):
                stop = min(start + rows_per_part, count)
                parts.append(Part(len(parts), source, start, stop))
        return cls({**content, "rows": rows, "rows per part": rows_per_part}, parts)

    @property
    def mark(self) -> str:
        """Hash of the plan."""
        text = json.dumps(self.content, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def path(self, folder: Path, part: Part) -> Path:
        """Return where a part is to be."""
        return folder / f"part-{part.number:05}{ENDS[self.content['format']]}"

    @contextmanager
    def counts_kept(self, folder: Path, part: Part, counts: Counts) -> Iterator[None]:
        """Write down what became of a part's rows, for the totals of a run that goes on.

        Left by an exception, as if it had not been.
        """
        target = folder / _counts_name(part.number)
        remove_temporary(target)
        making = temporary(target)
        try:
            _write_synced(making, counts.text())
            making.replace(target)
            yield
        except BaseException:
            for path in (making, target):
                with suppress(OSError):
                    path.unlink()
            raise

    def counts(self, folder: Path, part: Part) -> Counts | None:
        """Return what was written down of a part's rows, if it can be read."""
        try:
            return Counts.read((folder / _counts_name(part.number)).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            return None

    def text(self) -> str:
        """Return the manifest."""
        whole = {"plan": self.content, "parts": len(self.parts), "hash": self.mark}
        return json.dumps(whole, indent=1, sort_keys=True) + "\n"


def _counts_name(number: int) -> str:
    # Readers of folders leave out what begins like this.
    return f"_part-{number:05}.json"


def _write_synced(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def write_manifest(folder: Path, plan: Plan) -> bool:
    """Write the plan down, unless one is there, and say whether it was written."""
    target = folder / MANIFEST
    remove_temporary(target)
    making = temporary(target)
    _write_synced(making, plan.text())
    try:
        # Fails if somebody was faster, which a renaming would not.
        os.link(making, target)
    except FileExistsError:
        return False
    except OSError:
        if target.exists():
            return False
        making.replace(target)
    finally:
        with suppress(OSError):
            making.unlink()
    return True


def compare(folder: Path, plan: Plan) -> None:
    """Look whether the plan of a folder is this one.

    Raises:
        ValueError: It is another, or cannot be read; the message says what changed.
    """
    target = folder / MANIFEST
    try:
        there = json.loads(target.read_text(encoding="utf-8"))
        content: dict[str, Any] = there["plan"]
        mark = there["hash"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{target}: cannot be read ({error}); --overwrite begins anew") from error
    if mark == plan.mark:
        return
    changes = list(_changes(content, plan.content))
    raise ValueError(
        f"{folder}: holds parts of another plan: {'; '.join(changes) or 'its hash differs'}. Undo "
        "that, or begin anew with --overwrite or in another folder"
    )


def _changes(before: dict[str, Any], now: dict[str, Any]) -> Any:
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if old == new:
            continue
        if name == "inputs" and isinstance(old, list) and isinstance(new, list):
            yield from _changed_inputs(old, new)
        elif name != "rows" or before.get("inputs") == now.get("inputs"):
            yield f"{name} was {_short(old)} and is {_short(new)}"


def _changed_inputs(old: list[Any], new: list[Any]) -> Any:
    before = {path: stamp for path, *stamp in old}
    now = {path: stamp for path, *stamp in new}
    for path in now:
        if path not in before:
            yield f"{path} is new"
        elif before[path] != now[path]:
            what = "size" if before[path][0] != now[path][0] else "time"
            yield f"{path} has another {what}"
    for path in before:
        if path not in now:
            yield f"{path} is gone"
    if before == now:
        yield "the inputs come in another order"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def remove(folder: Path) -> None:
    """Remove what a run made of a folder, and nothing else."""
    with suppress(FileNotFoundError):
        (folder / SUCCESS).unlink()
    # The manifest goes last: without it the parts would be nobody's.
    for end in ENDS.values():
        for path in folder.glob(f"part-*{end}"):
            if path.name[5 : -len(end)].isdigit():
                path.unlink()
        for path in folder.glob(f".part-*{end}.tmp-*"):
            path.unlink()
    for path in (*folder.glob("_part-*.json"), *folder.glob("._part-*.json.tmp-*")):
        if path.name.lstrip("._").removeprefix("part-").partition(".")[0].isdigit():
            path.unlink()
    for path in folder.glob(f".{MANIFEST}.tmp-*"):
        path.unlink()
    with suppress(FileNotFoundError):
        (folder / MANIFEST).unlink()
