"""Writes the attention of one held-out prompt as a reference for tests.

    python3 qa_fixture.py ../models/qa/model.pt ../models/qa/tokenizer.json qa_fixture.json

Everything is computed in float64 by the Python model and rounded to 8
significant digits. `attention` is [L][H][T][T]; `mean`, `max` and `rollout`
are the maps of the last query row, [T].
"""

import argparse
import json
from pathlib import Path

import torch

from qa_bpe import Tokenizer
from qa_data import Fact, prompt_segments
from qa_maps import max_map, mean_map, rollout_map
from qa_model import load_model

FACTS = [Fact(2, "Velmora", "Tessin"), Fact(8, "Karst", "Orlan"), Fact(2, "Brenholt", "Sarvik")]
ASKED = 2


def rounded(values: list | float) -> list | float:
    """Numbers of any nesting, to 8 significant digits."""
    if isinstance(values, list):
        return [rounded(value) for value in values]
    return float(f"{values:.8g}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="model.pt, or a checkpoint of qa_train.py")
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    tokenizer = Tokenizer(arguments.tokenizer)
    model = load_model(arguments.model).double()
    segments = prompt_segments(FACTS, ASKED)
    ids = tokenizer.encode("".join(segments))
    attention = model.attention(ids)
    content = {
        "segments": segments,
        "text": "".join(segments),
        "ids": ids,
        "segment_tokens": [len(tokenizer.encode(segment)) for segment in segments],
        "answer": " " + FACTS[ASKED].statement,
        "answer_ids": [*tokenizer.encode(" " + FACTS[ASKED].statement), tokenizer.eos],
        "shape": list(attention.shape),
        "attention": rounded(attention.tolist()),
        "mean": rounded(mean_map(attention)[-1].tolist()),
        "max": rounded(max_map(attention)[-1].tolist()),
        "rollout": rounded(rollout_map(attention)[-1].tolist()),
    }
    text = json.dumps(content, separators=(",", ":")) + "\n"
    arguments.output.write_text(text, encoding="utf-8")
    print(f"{len(ids)} tokens, {len(text)} bytes")


if __name__ == "__main__":
    main()
