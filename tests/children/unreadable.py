"""Loads models of which a part may not be read; the super-user, who may read all, becomes another.

Prints what was raised for each part.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from m2v_fast import BUNDLED_MODEL, StaticModel

from tests.support.broken import good

NOBODY = 65534


def main() -> None:
    root = Path(tempfile.mkdtemp())
    root.chmod(0o755)
    for part in ("config.json", "model.safetensors", "tokenizer.json"):
        (good(root / f"without {part}").path / part).chmod(0)
    locked = good(root / "model").path
    locked.chmod(0)
    # Whatever is imported late is imported now.
    StaticModel.from_pretrained(BUNDLED_MODEL)
    child = os.fork()
    if child == 0:
        if os.geteuid() == 0:
            os.setuid(NOBODY)
        said = {}
        for path in sorted(root.iterdir()):
            name = path.name.removeprefix("without ") if path != locked else "the folder"
            try:
                StaticModel.from_pretrained(path)
            except Exception as error:
                said[name] = [[kind.__name__ for kind in type(error).__mro__], str(error)]
        print(json.dumps(said), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
    locked.chmod(0o755)
    for path in sorted(root.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    root.rmdir()


if __name__ == "__main__":
    main()
