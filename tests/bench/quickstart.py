"""Measures the quickstart command against the bare forward passes and against PyTorch with matplotlib.

    quickstart.py BUILD [RUNS]        BUILD holds attnviz and attnviz_forward_passes

Prints a table of wall time (the median of RUNS, taken in turns) and peak resident memory of each whole process.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SEGMENTS = {
    "fact-1": "the old bridge of Karst was built by Orlan .",
    "fact-2": " the harbour master of Velmora is Tessin .",
    "fact-3": " the harbour master of Brenholt is Sarvik .",
    "fact-4": " the miller of Dolmere lives in Fennick .",
    "question": " question : who is the harbour master of Velmora ? answer :",
}


def measure(command: list[str]) -> tuple[float, float]:
    """Seconds and peak MB of a process."""
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        raise SystemExit(f"{command[0]} ended with {status}")
    return time.monotonic() - start, usage.ru_maxrss / 1024


def main() -> None:
    build = Path(sys.argv[1]).resolve()
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    model = str(ROOT / "examples/models/qa")
    prompt = "".join(SEGMENTS.values())
    encoded = subprocess.run([build / "attnviz", "tokenize", model, "--text", prompt], capture_output=True, check=True)
    ids = [str(token) for token in json.loads(encoded.stdout)["ids"]]
    segments = [word for name, text in SEGMENTS.items() for word in ("--segment", f"{name}={text}")]
    with tempfile.TemporaryDirectory() as scratch:
        ours = [str(build / "attnviz"), model, *segments, "--generate", "24", "--force", "--out"]
        commands = {
            "bare forward passes (libtorch, C++)": [str(build / "attnviz_forward_passes"), f"{model}/model.pt", "11", *ids],
            "attnviz, with PNGs and overview": [*ours, f"{scratch}/maps"],
            "attnviz `--no-png`": [*ours, f"{scratch}/numbers", "--no-png"],
            "PyTorch and matplotlib": [
                "/usr/bin/python3", "-B", str(ROOT / "tests/bench/quickstart_peer.py"), str(ROOT / "examples"), f"{scratch}/peer", prompt,
            ],
        }
        results: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(runs):
            for name, command in commands.items():
                results[name].append(measure(command))
    base = statistics.median(seconds for seconds, _ in next(iter(results.values())))
    print("| | wall time | against the bare passes | peak memory |\n|---|---|---|---|")
    for name, values in results.items():
        seconds = statistics.median(value for value, _ in values)
        print(f"| {name} | {seconds:.2f} s | {seconds / base:.1f}× | {max(memory for _, memory in values):.0f} MB |")


if __name__ == "__main__":
    main()
