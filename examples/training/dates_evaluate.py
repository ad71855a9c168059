"""Greedy answers of the exported archive on held-out dates.

    python3 dates_evaluate.py ../models/dates
"""

import argparse
from pathlib import Path

import torch

from dates_data import evaluation_set
from dates_tokenizer import Tokenizer


@torch.no_grad()
def generate(model: torch.jit.ScriptModule, tokenizer: Tokenizer, text: str, most: int) -> list[int]:
    """The greedy answer to a text, up to and with the end token, `most` tokens at most."""
    memory = model.encode(torch.tensor([tokenizer.encode(text)]))
    ids = [tokenizer.start]
    while len(ids) <= most and ids[-1] != tokenizer.end:
        ids.append(int(model.decode(torch.tensor([ids]), memory)[0, -1].argmax()))
    return ids[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--dates", type=int, default=1000, help="of each kind")
    parser.add_argument("--show", type=int, default=5, help="wrong answers of each kind to print")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tokenizer = Tokenizer(arguments.folder / "tokenizer.json")
    model = torch.jit.load(str(arguments.folder / "model.pt"))
    for form_held_out in (False, True):
        wrong = []
        for written in evaluation_set(arguments.seed, arguments.dates, form_held_out):
            answer = generate(model, tokenizer, written.text, 16)
            if answer != [*tokenizer.encode(written.iso), tokenizer.end]:
                wrong.append(f"wrong: {written.text} -> {tokenizer.decode(answer)}, not {written.iso}")
        right = arguments.dates - len(wrong)
        forms = "held-out forms" if form_held_out else "forms of training"
        print(f"{forms}: {right} of {arguments.dates} exact ({100 * right / arguments.dates:.1f} %)")
        print("\n".join(wrong[: arguments.show]))


if __name__ == "__main__":
    main()
