"""Measures a batch of short texts on the bundled model against a run for each text.

    batch.py BUILD [RECORDS] [SINGLES]        BUILD holds attnviz

Prints a table of records a second, with and without pictures. A run for each text is measured on SINGLES of them.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACES = ["Velmora", "Karst", "Brenholt", "Dolmere", "Ostrava", "Lindal"]
NAMES = ["Tessin", "Orlan", "Sarvik", "Fennick", "Ulmer", "Hadrin"]
TOKENS = 30


def texts(attnviz: str, model: str, count: int) -> list[str]:
    """Texts of 30 tokens each: facts in a seeded order, cut where the 30th token ends."""
    dice = random.Random(1)
    long = []
    for _ in range(count):
        facts = [f"the harbour master of {dice.choice(PLACES)} is {dice.choice(NAMES)} ." for _ in range(6)]
        long.append(" ".join(facts))
    lines = "".join(json.dumps({"text": text}) + "\n" for text in long)
    command = [attnviz, "tokenize", model, "--batch", "-"]
    told = subprocess.run(command, input=lines, capture_output=True, check=True, text=True).stdout.splitlines()
    ends = [json.loads(line)["offsets"][TOKENS - 1][1] for line in told]
    return [text.encode()[:end].decode() for text, end in zip(long, ends)]


def seconds_of(commands: list[list[str]]) -> float:
    start = time.monotonic()
    for command in commands:
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - start


def main() -> None:
    attnviz = str(Path(sys.argv[1]).resolve() / "attnviz")
    records = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    singles = int(sys.argv[3]) if len(sys.argv) > 3 else 100
    model = str(ROOT / "examples/models/qa")
    inputs = texts(attnviz, model, records)
    print(f"{records} texts of {TOKENS} tokens; load {os.getloadavg()[0]:.1f} at the start")
    print("| | with PNGs | `--no-png` |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        batch = Path(scratch, "batch.jsonl")
        batch.write_text("".join(json.dumps({"id": str(i), "text": text}) + "\n" for i, text in enumerate(inputs)))
        for threads in ("1", "2"):
            rates = []
            for number, more in enumerate(([], ["--no-png"])):
                out = f"{scratch}/{threads}-{number}"
                command = [attnviz, model, "--batch", str(batch), "--threads", threads, "--out", out, *more]
                rates.append(records / seconds_of([command]))
                subprocess.run(["rm", "-r", out], check=True)
            print(f"| batch, `--threads {threads}` | {rates[0]:.1f} records/s | {rates[1]:.1f} records/s |", flush=True)
        rates = []
        for number, more in enumerate(([], ["--no-png"])):
            commands = [
                [attnviz, model, "--text", text, "--threads", "2", "--out", f"{scratch}/single-{number}/{i}", *more]
                for i, text in enumerate(inputs[:singles])
            ]
            rates.append(len(commands) / seconds_of(commands))
        print(f"| a run for each, `--threads 2` ({singles} of them) | {rates[0]:.1f} records/s | {rates[1]:.1f} records/s |")


if __name__ == "__main__":
    main()
