"""What the quickstart makes, by PyTorch and matplotlib: the peer of the benchmark.

    quickstart_peer.py EXAMPLES OUT PROMPT

The bundled model answers PROMPT greedily; for each generated token one PNG with mean, max and rollout as layers x
sources, and one JSON file with the same numbers. The figure is made once and reused, which is the fastest that
matplotlib does.
"""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import torch

EXAMPLES, OUT, PROMPT = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
sys.path.insert(0, str(EXAMPLES / "training"))
from qa_bpe import Tokenizer  # noqa: E402
from qa_model import load_model  # noqa: E402


def reductions(heads: np.ndarray) -> dict[str, np.ndarray]:
    """[layers, heads, queries, keys] -> name to [layers, queries, keys]."""
    mean = heads.mean(1)
    flow = np.eye(heads.shape[-1])
    rollout = []
    for layer in mean:
        mixed = 0.5 * layer + 0.5 * np.eye(len(layer))
        flow = mixed / mixed.sum(-1, keepdims=True) @ flow
        rollout.append(flow)
    return {"mean": mean, "max": heads.max(1), "rollout": np.stack(rollout)}


def main() -> None:
    tokenizer = Tokenizer(EXAMPLES / "models/qa/tokenizer.json")
    model = load_model(EXAMPLES / "models/qa/model.pt")
    ids = tokenizer.encode(PROMPT)
    prompt = len(ids)
    with torch.no_grad():
        while len(ids) < prompt + 24:
            token = int(model(torch.tensor([ids]))[0, -1].argmax())
            if token == tokenizer.eos:
                break
            ids.append(token)
        maps = reductions(np.asarray(model.attention(ids), dtype=np.float32))
    labels = [tokenizer.decode([token]) for token in ids]
    OUT.mkdir(parents=True, exist_ok=True)
    figure, axes = plt.subplots(3, 1, figsize=(14.9, 9.0), dpi=100)
    for index in range(prompt, len(ids)):
        rows = {name: stack[:, index - 1, :index] for name, stack in maps.items()}
        for axis, (name, weights) in zip(axes, rows.items()):
            axis.clear()
            axis.imshow(weights**0.5, aspect="auto", vmin=0, vmax=1)
            axis.set_title(f"{index} {labels[index]} {name}")
            axis.set_yticks(range(len(weights)))
            axis.set_xticks(range(index), labels[:index], rotation=90)
        figure.savefig(OUT / f"{index:05}.png")
        content = {name: weights.tolist() for name, weights in rows.items()}
        (OUT / f"{index:05}.json").write_text(json.dumps(content))


if __name__ == "__main__":
    main()
