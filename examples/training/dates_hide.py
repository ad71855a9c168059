"""Do the digits need the characters that the maps point at?

    python3 dates_hide.py ../models/dates/model.pt ../models/dates/tokenizer.json

Takes the memory of year, month, day or all the rest of the source away from the
decoder, and counts which output digits are still right, each after the right
ones. The encoder has seen the whole text, so what it copied elsewhere remains.
Prints a Markdown table.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor

from dates_data import WrittenDate, evaluation_set
from dates_maps import DIGITS, PARTS
from dates_model import DateModel, load_model
from dates_tokenizer import Tokenizer

NAMES = {"": "nothing", "y": "the year", "m": "the month", "d": "the day", "-": "the rest"}


@torch.no_grad()
def right_digits(model: DateModel, tokenizer: Tokenizer, written: WrittenDate, hidden: str) -> Tensor:
    """Whether each of the eight digits is right without the memory of the part `hidden`."""
    kept = [i for i, part in enumerate(written.parts) if part != hidden]
    memory = model.encode(torch.tensor([tokenizer.encode(written.text)]))[:, kept]
    target = tokenizer.encode(written.iso)
    logits = model.decode(torch.tensor([[tokenizer.start, *target]]), memory)[0, :-1]
    return (logits.argmax(-1) == torch.tensor(target))[list(DIGITS)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="model.pt, or a checkpoint of dates_train.py")
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--dates", type=int, default=1000)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tokenizer = Tokenizer(arguments.tokenizer)
    model = load_model(arguments.model)
    drawn = [w for held in (False, True) for w in evaluation_set(arguments.seed, arguments.dates // 2, held)]
    dates = [w for w in drawn if not w.swappable]
    print("| taken away | year digits right | month digits right | day digits right |")
    print("|---|---|---|---|")
    for hidden in ["", *PARTS]:
        right = torch.stack([right_digits(model, tokenizer, w, hidden) for w in dates]).float()
        shares = [right[:, [p == part for p in DIGITS.values()]].mean().item() for part in "ymd"]
        print(f"| {NAMES[hidden]} | {' | '.join(f'{100 * share:.1f} %' for share in shares)} |")


if __name__ == "__main__":
    main()
