"""Measures how far the weights of a run differ between OpenBLAS' kernels, its variants and numbers of threads.

    kernels.py BUILD FOLDER...        BUILD holds attnviz; each FOLDER holds the libblas.so.3 of a variant

Runs the bundled models and those of the tests with every setting and prints, for each model, whether all tokens are the
same, and the largest difference of two weights of the same place (of an array of attention.npz, which holds them all).
"""

import array
import ast
import json
import math
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KERNELS = {
    "Haswell": ("avx2", "fma"),
    "Zen": ("avx2", "fma"),
    "SkylakeX": ("avx512f", "avx512dq", "avx512cd", "avx512bw", "avx512vl"),
    "Sandybridge": ("avx",),
    "Prescott": ("pni",),
}
THREADS = ("1", "2", "3")
QA = "the harbour master of Velmora is Tessin . question : who is the harbour master of Velmora ? answer :"
IDS = "5,9,2,7,3,8,4,6"


def jobs() -> dict[str, list[str]]:
    models = {
        "qa": [str(ROOT / "examples/models/qa"), "--text", QA, "--generate", "24"],
        "dates": [str(ROOT / "examples/models/dates"), "--text", "the 4th of March 1987", "--generate", "24"],
    }
    for file in sorted((ROOT / "tests/model/data").glob("*.pt")):
        if not file.name.startswith(("refused", "vit")):
            models[file.stem] = [str(file), "--ids", IDS]
    return models


def arrays_of(file: Path) -> dict[str, array.array]:
    """The arrays of float numbers in an npz file, flat."""
    arrays = {}
    with zipfile.ZipFile(file) as members:
        for name in members.namelist():
            data = members.read(name)
            start = 10 + int.from_bytes(data[8:10], "little")  # of version 1
            kind = ast.literal_eval(data[10:start].decode())["descr"]
            if kind in ("<f4", "<f8"):
                arrays[name] = array.array("f" if kind == "<f4" else "d", data[start:])
    return arrays


def run(command: list[str], environment: dict[str, str], out: str):
    words = [*command, "--reduce", "mean,max,min,rollout", "--per-head", "--npz", "--no-png", "--force", "--quiet", "--out", out]
    ended = subprocess.run(words, env=os.environ | environment, capture_output=True, text=True)
    if ended.returncode != 0:
        return None
    manifest = json.loads(Path(out, "manifest.json").read_text())
    return manifest["tokens"], arrays_of(Path(out, "attention.npz"))


def main() -> None:
    build = Path(sys.argv[1]).resolve()
    flags = set(next(line for line in open("/proc/cpuinfo") if line.startswith("flags")).split())
    kernels = [name for name, needed in KERNELS.items() if flags.issuperset(needed)]
    settings = [
        ({"LD_LIBRARY_PATH": folder, "OPENBLAS_CORETYPE": kernel}, threads)
        for folder in sys.argv[2:] for kernel in kernels for threads in THREADS
    ]
    print(f"{', '.join(kernels)}; {len(sys.argv) - 2} variants; threads {', '.join(THREADS)}")
    print("| model | tokens | largest difference | of numbers up to |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as out:
        for name, command in jobs().items():
            words = [str(build / "attnviz"), *command]
            results = [run([*words, "--threads", threads], environment, out) for environment, threads in settings]
            if results[0] is None:
                continue
            first_tokens, first = results[0]
            same = all(result is not None and result[0] == first_tokens for result in results)
            worst, top = 0.0, 0.0
            for name_of_array in first if same else ():
                for values in zip(*(result[1][name_of_array] for result in results)):
                    known = [value for value in values if not math.isnan(value)]
                    if known:
                        worst, top = max(worst, max(known) - min(known)), max(top, max(known))
            print(f"| {name} | {'the same' if same else 'differ'} | {worst:.1e} | {top:.2f} |", flush=True)


if __name__ == "__main__":
    main()
