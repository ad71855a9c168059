"""Measures what capture with mean, max and rollout costs over the bare forward of the same model.

    capture.py BUILD [REPEATS]        BUILD holds attnviz_capture

Each figure comes from processes of their own, bare and captured in turns; the table holds medians. On busy cores the
ratio of CPU times says more than that of times; set OMP_WAIT_POLICY=passive there, or waiting counts as CPU time.
"""

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

LENGTHS = (256, 512, 1024, 2048)


def main() -> None:
    program = str(Path(sys.argv[1]).resolve() / "attnviz_capture")
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 5

    def run(mode: str, model: str, length: int) -> list[float]:
        words = [program, mode, model, str(length), "3"]
        output = subprocess.run(words, capture_output=True, check=True, text=True).stdout
        return [float(word) for word in output.split()]

    print("| attention | tokens | bare forward | with mean, max, rollout | time | CPU time | extra memory |")
    print("|---|---|---|---|---|---|---|")
    for form, name in (("sdpa", "scaled dot product"), ("softmax", "written out")):
        with tempfile.TemporaryDirectory() as scratch:
            model = f"{scratch}/model.pt"
            subprocess.run([program, "make", form, model], check=True)
            for length in LENGTHS:
                pairs = [(run("bare", model, length), run("reduce", model, length)) for _ in range(repeats)]
                bare = statistics.median(bare[0] for bare, _ in pairs)
                ours = statistics.median(ours[0] for _, ours in pairs)
                time, cpu = (statistics.median(ours[i] / bare[i] for bare, ours in pairs) for i in (0, 1))
                extra = statistics.median(ours[2] - bare[2] for bare, ours in pairs)
                row = f"| {name} | {length} | {bare:.2f} s | {ours:.2f} s | {time:.2f}× | {cpu:.2f}× | {extra:+.0f} MB |"
                print(row, flush=True)


if __name__ == "__main__":
    main()
