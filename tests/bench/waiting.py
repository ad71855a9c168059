"""Measures what it costs and gains that threads with nothing to do sleep, which is how attnviz starts itself.

    waiting.py BUILD [RUNS]        BUILD holds attnviz and attnviz_capture

The quickstart command, and 512 tokens of a model of GPT-2 size, alone on the machine and beside one busy loop for each
core. "spinning" is OpenMP's own way (GOMP_SPINCOUNT=300000, its default), which the command keeps since the user set it.
The two ways are taken in turns; the table holds medians, of the times and of the ratios of neighbours.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from quickstart import ROOT, SEGMENTS

SPINNING = {"GOMP_SPINCOUNT": "300000", "OPENBLAS_THREAD_TIMEOUT": "26"}
CHOSEN = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "OPENBLAS_THREAD_TIMEOUT")
TOKENS = 512


def seconds_of(command: list[str], more: dict[str, str]) -> tuple[float, float]:
    """Wall and processor seconds of a process."""
    environment = {name: value for name, value in os.environ.items() if name not in CHOSEN} | more
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        raise SystemExit(f"{command[0]} ended with {status}")
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime


def row(name: str, where: str, command: list[str], runs: int) -> None:
    pairs = [(seconds_of(command, SPINNING), seconds_of(command, {})) for _ in range(runs + 1)][1:]
    spinning, sleeping = (statistics.median(pair[i][0] for pair in pairs) for i in (0, 1))
    wall, cpu = (statistics.median(pair[1][i] / pair[0][i] for pair in pairs) for i in (0, 1))
    print(f"| {name} | {where} | {spinning:.2f} s | {sleeping:.2f} s | {wall:.2f}× | {cpu:.2f}× |", flush=True)


def main() -> None:
    build = Path(sys.argv[1]).resolve()
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    cores = len(os.sched_getaffinity(0))
    attnviz = str(build / "attnviz")
    told = subprocess.run([attnviz, "--version"], capture_output=True, check=True, text=True).stdout.splitlines()
    print(f"{'; '.join(told[1:])}; {cores} cores; load {os.getloadavg()[0]:.1f} at the start")
    print("| | | spinning | sleeping | time | processor time |\n|---|---|---|---|---|---|")
    segments = [word for name, text in SEGMENTS.items() for word in ("--segment", f"{name}={text}")]
    with tempfile.TemporaryDirectory() as scratch:
        model = f"{scratch}/model.pt"
        subprocess.run([build / "attnviz_capture", "make", "softmax", model], check=True)
        ids = ",".join(str(i * 7919 % 5000) for i in range(TOKENS))
        out = ["--force", "--out", f"{scratch}/maps"]
        jobs = {
            "quickstart": [attnviz, str(ROOT / "examples/models/qa"), *segments, "--generate", "24", *out],
            f"{TOKENS} tokens, GPT-2 size": [attnviz, model, "--ids", ids, "--tokens", f"{TOKENS - 4}-{TOKENS - 1}", "--no-png", *out],
        }
        for where in ("alone", f"beside {cores} busy loops"):
            busy = [] if where == "alone" else [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cores)]
            try:
                for name, command in jobs.items():
                    row(name, where, command, runs)
            finally:
                for process in busy:
                    process.kill()


if __name__ == "__main__":
    main()
