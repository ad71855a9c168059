"""Greedy answers of the exported archive on held-out episodes.

    python3 qa_evaluate.py ../models/qa
"""

import argparse
from collections import Counter
from pathlib import Path

import torch

from qa_bpe import Tokenizer
from qa_data import evaluation_set, prompt_segments


@torch.no_grad()
def generate(model: torch.jit.ScriptModule, ids: list[int], eos: int, most: int) -> list[int]:
    """The greedy continuation of ids, up to and with the end token, `most` tokens at most."""
    new: list[int] = []
    while len(new) < most and eos not in new:
        new.append(int(model(torch.tensor([ids + new]))[0, -1].argmax()))
    return new


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--episodes", type=int, default=500)
    parser.add_argument("--show", type=int, default=3, help="wrong answers to print")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tokenizer = Tokenizer(arguments.folder / "tokenizer.json")
    model = torch.jit.load(str(arguments.folder / "model.pt"))
    totals: Counter[int] = Counter()
    exact: Counter[int] = Counter()
    for facts, asked in evaluation_set(arguments.seed, arguments.episodes):
        prompt = "".join(prompt_segments(facts, asked))
        wanted = [*tokenizer.encode(" " + facts[asked].statement), tokenizer.eos]
        answer = generate(model, tokenizer.encode(prompt), tokenizer.eos, 30)
        totals[len(facts)] += 1
        exact[len(facts)] += answer == wanted
        if answer != wanted and totals.total() - exact.total() <= arguments.show:
            print(f"wrong: {prompt} ->{tokenizer.decode(answer)}")
    for count in sorted(totals):
        print(f"{count} facts: {exact[count]} of {totals[count]} exact")
    share = exact.total() / totals.total()
    print(f"all: {exact.total()} of {totals.total()} exact ({100 * share:.1f} %)")


if __name__ == "__main__":
    main()
