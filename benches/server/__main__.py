"""Measures the server beside others, and prints the table of docs/server.md.

    python -m benches.server [--json OUT.json]

Every figure is a median of `--rounds` runs in which all servers take turns. Each server has one
processor and one worker, and the client (wrk) another processor. Texts are runs of 20 words of
Python's reference manual, 4,096 of them in turn, so that no cache of answers helps. Ratios are of
one run. `taskset -c 0` before it has the client share the servers' processor.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import m2v_fast
from m2v_fast.bench import corpus, machine
from m2v_fast.sources import resolve

from benches.server.client import Client, Figures, at_rate
from benches.server.contenders import (
    FASTAPI,
    GRANIAN,
    NAME,
    NOTHING,
    OURS,
    SERVER,
    WEAVIATE,
    Contender,
    contenders,
    free_port,
    processors,
    running,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

CONNECTIONS = 64

#: How vectors are asked for, and what share of `encode` is wanted with each.
ENCODINGS = {"base64": 0.7, "float": 0.25}

#: Over what, what of it is wanted, and whether more is better.
TARGETS = (
    (NOTHING, 0.8),
    (FASTAPI, 30.0),
    (GRANIAN, 5.0),
    (WEAVIATE, 10.0),
)


def twenty_words(count: int) -> list[str]:
    """Distinct texts of 20 words."""
    words = " ".join(corpus.read_texts(None)).split()
    return [" ".join(words[start : start + 20]) for start in range(0, count * 7, 7)]


def write_lines(path: Path, bodies: Iterable[object]) -> Path:
    path.write_text("".join(json.dumps(body) + "\n" for body in bodies))
    return path


def indexed(source: Path, folder: Path) -> Path:
    """A copy of the model with its index compiled ahead of time."""
    folder.mkdir()
    for file in source.iterdir():
        shutil.copyfile(file, folder / file.name)
    subprocess.run([SERVER, str(folder), "--compile"], check=True)
    return folder


def memory(pid: int) -> dict[str, float]:
    """Megabytes of a process: resident, and of those what belongs to no file."""
    told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    size = {name: int(kb) / 1e3 for name, kb in re.findall(r"(\w+):\s+(\d+) kB", told)}
    return {"resident": size["Rss"], "anonymous": size["Anonymous"]}


def processor_seconds(pid: int) -> float:
    """What a process and its children have taken of processors."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(processor_seconds(int(child)) for child in children)


def start_ms(model: Path, body: bytes) -> float:
    """From the start of the binary to the whole of its first answer."""
    port = free_port()
    head = b"POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    head += b"Content-Length: %d\r\n\r\n" % len(body)
    words = [SERVER, f"{NAME}={model}", f"--port={port}", "--workers=1", "--log-level=error"]
    begun = time.perf_counter()
    process = subprocess.Popen(words, env={**os.environ, "M2V_FAST_CACHE": "off"})
    try:
        while True:
            try:
                stream = socket.create_connection(("127.0.0.1", port), timeout=5)
                break
            except ConnectionRefusedError:
                time.sleep(0.0002)
        with stream:
            stream.sendall(head + body)
            answer = b""
            while part := stream.recv(65536):
                answer += part
        took = time.perf_counter() - begun
        assert answer.startswith(b"HTTP/1.1 200 "), answer[:200]
    finally:
        process.terminate()
        process.wait(timeout=30)
    return took * 1e3


def encode_rate(model: Path, texts: Path, seconds: int) -> float:
    """Texts a second of `encode` alone, in one thread of a process where servers run."""
    program = (
        "import json, sys, time\nimport m2v_fast\n"
        "model = m2v_fast.StaticModel.from_pretrained(sys.argv[1])\n"
        "texts = json.loads(open(sys.argv[2]).readline())['input']\n"
        "model.encode(texts, num_threads=1)\n"
        "count, start = 0, time.perf_counter()\n"
        "while time.perf_counter() - start < float(sys.argv[3]):\n"
        "    model.encode(texts, num_threads=1)\n    count += len(texts)\n"
        "print(count / (time.perf_counter() - start))\n"
    )
    on, _ = processors()
    command = ["taskset", "-c", ",".join(map(str, on)), sys.executable, "-c", program]
    done = subprocess.run(
        [*command, str(model), str(texts), str(seconds)], stdout=subprocess.PIPE, check=True
    )
    return float(done.stdout)


class Run:
    """The measurements, with what they share."""

    def __init__(self, model: Path, scratch: Path, options: argparse.Namespace) -> None:
        self.model, self.scratch, self.options = model, scratch, options
        self.client = Client(scratch)
        self.texts = twenty_words(4096)
        sample = {"model": NAME, "input": self.texts[0], "encoding_format": "base64"}
        self.body = json.dumps(sample).encode()
        (scratch / "sample.json").write_bytes(self.body)
        self.contenders = contenders(scratch / "sample.json")
        self.bodies = {
            name: write_lines(scratch / f"{place}.jsonl", map(each.body, self.texts))
            for place, (name, each) in enumerate(self.contenders.items())
        }

    def rates(self) -> dict[str, dict[str, list[float]]]:
        """Requests a second as fast as it goes, and p99 at half of the median of that."""
        found: dict[str, dict[str, list[float]]] = {
            name: {"per_second": [], "processor_us": [], "half": [], "p50_ms": [], "p99_ms": []}
            for name in self.contenders
        }
        names = list(self.contenders)
        for turn in range(self.options.rounds):
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                each, row = self.contenders[name], found[name]
                with running(each, self.model) as (process, port):
                    ask = partial(self.ask, each, port, name)
                    ask(0, 1)  # warms up
                    before = processor_seconds(process.pid)
                    most = ask(0)
                    spent = processor_seconds(process.pid) - before
                    half = at_rate(ask, CONNECTIONS, most.per_second / 2)
                    row["per_second"].append(most.per_second)
                    requests = most.per_second * self.options.seconds
                    row["processor_us"].append(spent / requests * 1e6)
                    row["half"].append(half.per_second)
                    row["p50_ms"].append(half.p50_ms)
                    row["p99_ms"].append(half.p99_ms)
                    for key, value in memory(process.pid).items():
                        row.setdefault(f"{key}_mb", []).append(value)
        return found

    def ask(
        self, each: Contender, port: int, name: str, delay: float, seconds: int | None = None
    ) -> Figures:
        return self.client.run(
            port,
            each.path,
            self.bodies[name],
            connections=CONNECTIONS,
            seconds=seconds or self.options.seconds,
            delay=delay,
        )

    def big(self) -> dict[str, list[float]]:
        """Texts a second in requests of 1,000, and of `encode` alone with the same texts.

        Also of the handler that encodes nothing: a server cannot do better than that and `encode`
        one after the other.
        """
        found: dict[str, list[float]] = {"encode alone": []}
        ours = self.contenders[OURS]
        lines = {
            encoding: write_lines(
                self.scratch / f"big-{encoding}.jsonl", [ours.body(self.texts[:1000], encoding)]
            )
            for encoding in ENCODINGS
        }
        for _ in range(self.options.rounds):
            for encoding, bodies in lines.items():
                nothing = contenders(bodies)[NOTHING]
                for row, each in ((encoding, ours), (f"{encoding}, encoding nothing", nothing)):
                    with running(each, self.model) as (_, port):
                        run = self.client.run(
                            port, ours.path, bodies, connections=4, seconds=self.options.seconds
                        )
                    found.setdefault(row, []).append(run.per_second * 1000)
            found["encode alone"].append(
                encode_rate(self.model, lines["base64"], self.options.seconds)
            )
        return found

    def start(self) -> list[float]:
        """Milliseconds of starts, the files in the system's cache."""
        start_ms(self.model, self.body)
        return [start_ms(self.model, self.body) for _ in range(self.options.rounds * 3)]


def show(results: dict[str, Any]) -> None:
    rates, big = results["rates"], results["texts_per_second"]
    print(f"\n{results['cpu']}, {results['backend']}, {results['processors']} processors\n")
    print(
        "| | requests/s | µs of processor each | p50 ms | p99 ms at half | resident MB "
        "| anonymous MB |"
    )
    print("|:--|--:|--:|--:|--:|--:|--:|")
    for name, row in rates.items():
        at = {key: median(values) for key, values in row.items()}
        print(
            f"| {name} | {at['per_second']:,.0f} | {at['processor_us']:.1f} "
            f"| {at['p50_ms']:.2f} | {at['p99_ms']:.2f} | {at['resident_mb']:.1f} "
            f"| {at['anonymous_mb']:.1f} |"
        )
    ours = {key: median(values) for key, values in rates[OURS].items()}
    print("\n| | target | measured |\n|:--|--:|--:|")
    for name, wanted in TARGETS:
        ratio = ours["per_second"] / median(rates[name]["per_second"])
        print(f"| requests a second, over {name} | {wanted:g}x | {ratio:.2f}x |")
    print(f"| p99 at half of the highest rate | 1 ms | {ours['p99_ms']:.2f} ms |")
    share = ours["p99_ms"] / median(rates[FASTAPI]["p99_ms"])
    print(f"| that over FastAPI's at its own half | 0.1x | {share:.3f}x |")
    alone = median(big["encode alone"])
    nothing = median(rates[NOTHING]["per_second"])
    print(
        f"| the first, if only `encode` took time beside it | | {alone / (alone + nothing):.2f}x |"
    )
    for encoding, wanted in ENCODINGS.items():
        ratio = median(big[encoding]) / alone
        print(f"| 1,000 texts a request, {encoding}, over `encode` | {wanted}x | {ratio:.2f}x |")
        nothing = median(big[f"{encoding}, encoding nothing"])
        most = nothing / (nothing + alone)
        print(f"| the same if making the answer took no time | | {most:.2f}x |")
    print(f"| resident with {CONNECTIONS} connections | 25 MB | {ours['resident_mb']:.1f} MB |")
    print(f"| of that anonymous | 12 MB | {ours['anonymous_mb']:.1f} MB |")
    print(f"| start to first answer | 30 ms | {median(results['start_ms']):.1f} ms |")


def main() -> None:
    about = (__doc__ or "").split("\n\n")[0]
    parser = argparse.ArgumentParser("python -m benches.server", description=about)
    parser.add_argument("--model", help="model folder (default: the bundled model)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each measurement (5)")
    parser.add_argument("--seconds", type=int, default=2, help="of each run (2)")
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        model = indexed(resolve(options.model or m2v_fast.BUNDLED_MODEL), Path(scratch) / "model")
        results = machine.facts([model])
        run = Run(model, Path(scratch), options)
        results["start_ms"] = run.start()
        results["rates"] = run.rates()
        results["texts_per_second"] = run.big()
    show(results)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
        print(f"\nwritten: {options.json}", file=sys.stderr)


if __name__ == "__main__":
    main()
