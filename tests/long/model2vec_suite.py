"""model2vec's own test suite, three ways side by side: `make test-model2vec`.

Every test must pass on model2vec's class (else the environment is to blame) and with
`m2v_fast.compat`; with `m2v_fast.StaticModel` in its place at least `IN_PLACE` must. The ten that
do not: vectors are float32 where theirs are float16 (3); a model's array is asked to be that of
another one, where ours is a read-only view (3); functions of model2vec's own hub code are replaced,
which ours does not call (4).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ALL, IN_PLACE = 712, 700
LEAST = {"plain": ALL, "compat": ALL, "in-place": IN_PLACE}
ROOT = Path(__file__).resolve().parents[2]


def start(way: str, suite: Path, reports: Path) -> subprocess.Popen[bytes]:
    """Start the suite in a process of its own, which writes its report to a file."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--tb=line",
        "-p",
        "no:cacheprovider",
        "--ignore=tests/integration",
    ]
    command += ["-p", "tests_of_m2v_fast_plugin", f"--junitxml={reports / way}.xml", "tests"]
    plugins = reports / "plugins"
    plugins.mkdir(exist_ok=True)
    # Their package is called `tests` as well, so ours goes by another name.
    source = ROOT / "tests" / "long" / "model2vec_plugin.py"
    (plugins / "tests_of_m2v_fast_plugin.py").write_bytes(source.read_bytes())
    environment = os.environ | {
        "M2V_FAST_WAY": way,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(plugins),
        "HF_HUB_OFFLINE": "1",
        "M2V_FAST_COMPAT": "0",
    }
    with (reports / f"{way}.log").open("wb") as log:
        return subprocess.Popen(command, cwd=suite, env=environment, stdout=log, stderr=log)


def outcome(report: Path) -> tuple[int, list[str]]:
    """Return how many tests passed, and the names of the others with what they said."""
    passed, others = 0, []
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        said = [*case.iter("failure"), *case.iter("error"), *case.iter("skipped")]
        if not said:
            passed += 1
            continue
        message = " ".join((said[0].get("message") or "").split())[:150]
        others.append(f"{case.get('classname')}::{case.get('name')}: {message}")
    return passed, others


def main() -> None:
    """Run the suite three ways at once and compare with what must pass."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite", type=Path, help="model2vec's source distribution, unpacked")
    parser.add_argument("reports", type=Path, help="a folder for reports and logs")
    arguments = parser.parse_args()
    reports = arguments.reports.resolve()
    reports.mkdir(parents=True, exist_ok=True)
    for way in LEAST:
        (reports / f"{way}.xml").unlink(missing_ok=True)
    running = {way: start(way, arguments.suite, reports) for way in LEAST}
    good = True
    for way, process in running.items():
        process.wait()
        report = reports / f"{way}.xml"
        if not report.exists():
            raise SystemExit(f"{way}: no report; see {reports / way}.log")
        passed, others = outcome(report)
        print(f"{way}: {passed} of {passed + len(others)} pass (at least {LEAST[way]} must)")
        for other in others:
            print(f"  {other}")
        good = good and passed >= LEAST[way]
    if not good:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
