"""wrk, told what to send: a client fast enough not to be what is measured."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benches.server.contenders import processors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Bodies are a line each, and sent in turn. DELAY is the mean time in milliseconds between an answer
# and the next request of a connection; each is drawn anew, so that they do not fall into step.
_SCRIPT = """
local requests, at = {}, 0
function init(arguments)
  for line in io.lines(os.getenv("BODIES")) do
    requests[#requests + 1] = wrk.format("POST", os.getenv("TARGET"),
      {["Content-Type"] = "application/json"}, line)
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
local mean = tonumber(os.getenv("DELAY"))
if mean > 0 then
  function delay()
    local drawn = math.random() * mean * 2
    local whole = math.floor(drawn)
    if math.random() < drawn - whole then whole = whole + 1 end
    return whole
  end
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("\\n{\\"requests\\":%d,\\"microseconds\\":%d,\\"p50\\":%.1f,\\"p99\\":%.1f,"
    .. "\\"wrong\\":%d}\\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True)
class Figures:
    """What one run measured."""

    per_second: float
    p50_ms: float
    p99_ms: float


def at_rate(run: Callable[[float], Figures], connections: int, rate: float) -> Figures:
    """Calls `run` with the delay with which about `rate` requests a second are sent."""
    delay = connections / rate * 1e3
    # The time that answers take comes on top of it, and is not known before.
    delay -= connections * (1e3 / min(rate, run(delay).per_second) - 1e3 / rate)
    return run(max(delay, 0.01))


class Client:
    """Runs wrk; `scratch` is a folder for its script."""

    def __init__(self, scratch: Path) -> None:
        found = shutil.which("wrk")
        if found is None:
            raise FileNotFoundError("wrk is not installed (the package wrk of most systems)")
        self._wrk = found
        self._script = scratch / "load.lua"
        self._script.write_text(_SCRIPT)

    def run(
        self,
        port: int,
        path: str,
        bodies: Path,
        *,
        connections: int,
        seconds: int,
        delay: float = 0,
    ) -> Figures:
        """Sends the bodies over keep-alive connections.

        Each waits `delay` milliseconds, on average, between an answer and its next request.
        """
        _, on = processors()
        done = subprocess.run(
            [
                *("taskset", "-c", ",".join(map(str, on))),
                *(self._wrk, "--threads=1", f"--connections={connections}"),
                *(f"--duration={seconds}s", "--timeout=20s", "-s", str(self._script)),
                f"http://127.0.0.1:{port}",
            ],
            env={**os.environ, "TARGET": path, "BODIES": str(bodies), "DELAY": f"{delay:.3f}"},
            capture_output=True,
            text=True,
            check=True,
        )
        line = next((line for line in done.stdout.splitlines() if line.startswith("{")), None)
        if line is None:
            raise RuntimeError(f"wrk does not tell what it measured: {done.stdout}{done.stderr}")
        told = json.loads(line)
        if told["wrong"] or not told["requests"]:
            raise RuntimeError(f"{path}: not every request was answered: {done.stdout}")
        return Figures(
            told["requests"] / told["microseconds"] * 1e6, told["p50"] / 1e3, told["p99"] / 1e3
        )
