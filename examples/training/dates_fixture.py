"""Writes the attention and the greedy answers of two held-out dates as a reference for tests.

    python3 dates_fixture.py ../models/dates/model.pt ../models/dates/tokenizer.json dates_fixture.json

Everything is computed in float64 by the Python model and rounded to 8
significant digits. `heads` is [L][H][queries][keys]. Of `mean`, `max` and
`rollout`, `layers` is [L][queries][keys] and `overall` [queries][keys].
`target_ids` is what the decoder reads; `answer_ids[i]` is what its query i
puts out, with `probabilities[i]`.
"""

import argparse
import json
from pathlib import Path

import torch
from torch import Tensor

from dates_maps import max_map, mean_map, rollouts
from dates_model import DateModel, load_model
from dates_tokenizer import Tokenizer
from qa_fixture import rounded

TEXTS = ["the 3rd of March 1987", "Tues. 14 Feb ’06"]
MOST = 16


@torch.no_grad()
def answer(model: DateModel, tokenizer: Tokenizer, source: list[int]) -> tuple[list[int], list[float]]:
    """The greedy answer up to and with the end token, and the probability of each token."""
    memory = model.encode(torch.tensor([source]))
    ids, probabilities = [tokenizer.start], []
    while len(ids) <= MOST and ids[-1] != tokenizer.end:
        distribution = model.decode(torch.tensor([ids]), memory)[0, -1].softmax(-1)
        ids.append(int(distribution.argmax()))
        probabilities.append(float(distribution.max()))
    return ids[1:], probabilities


def views(heads: Tensor, rollout: Tensor) -> dict:
    """One kind of attention: heads [L, H, T, S], rollout [L, T, S]."""
    return {
        "shape": list(heads.shape),
        "heads": rounded(heads.tolist()),
        "mean": {"layers": rounded(heads.mean(dim=1).tolist()), "overall": rounded(mean_map(heads).tolist())},
        "max": {"layers": rounded(heads.amax(dim=1).tolist()), "overall": rounded(max_map(heads).tolist())},
        "rollout": {"layers": rounded(rollout.tolist()), "overall": rounded(rollout[-1].tolist())},
    }


def example(model: DateModel, tokenizer: Tokenizer, text: str) -> dict:
    source = tokenizer.encode(text)
    answer_ids, probabilities = answer(model, tokenizer, source)
    target = [tokenizer.start, *answer_ids[:-1]]
    attention = model.attention(source, target)
    flows = rollouts(*attention)
    kinds = zip(("encoder", "decoder", "cross"), attention, flows)
    return {
        "text": text,
        "ids": source,
        "target_ids": target,
        "answer": tokenizer.decode(answer_ids),
        "answer_ids": answer_ids,
        "probabilities": rounded(probabilities),
        "attention": {kind: views(heads, flow) for kind, heads, flow in kinds},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="model.pt, or a checkpoint of dates_train.py")
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tokenizer = Tokenizer(arguments.tokenizer)
    model = load_model(arguments.model).double()
    content = {"examples": [example(model, tokenizer, text) for text in TEXTS]}
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False) + "\n"
    arguments.output.write_text(text, encoding="utf-8")
    print(", ".join(e["answer"] for e in content["examples"]), f"{len(text.encode())} bytes")


if __name__ == "__main__":
    main()
