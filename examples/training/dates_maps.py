"""Do the cross-attention maps point at the characters of year, month and day?

    python3 dates_maps.py ../models/dates/model.pt ../models/dates/tokenizer.json

For every held-out date answered right, and each of its eight output digits,
takes the cross-attention of the query that produced the digit, and sums it over
the characters of year, month, day and the rest of the source. Prints Markdown
tables. The best single head is chosen on another draw of held-out dates.
Dates such as 3/3/1987 are left out, as nothing tells their day from their month.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor

from dates_data import WrittenDate, evaluation_set
from dates_model import DateModel, load_model
from dates_tokenizer import Tokenizer

DIGITS = {0: "y", 1: "y", 2: "y", 3: "y", 5: "m", 6: "m", 8: "d", 9: "d"}  # output character to part
PARTS = ["y", "m", "d", "-"]
WANTED = torch.tensor([PARTS.index(part) for part in DIGITS.values()])
SOURCES = ["digit in the text", "part in letters", "digit not in the text"]


def mean_map(weights: Tensor) -> Tensor:
    """Mean over layers and heads, [L, H, T, S] -> [T, S]."""
    return weights.mean(dim=(0, 1))


def max_map(weights: Tensor) -> Tensor:
    """Maximum over layers and heads, [L, H, T, S] -> [T, S]."""
    return weights.amax(dim=(0, 1))


def with_residual(weights: Tensor) -> Tensor:
    """Half attention, half identity, with rows that sum to 1, [T, T] -> [T, T]."""
    mixed = 0.5 * weights + 0.5 * torch.eye(weights.shape[-1], dtype=weights.dtype)
    return mixed / mixed.sum(dim=-1, keepdim=True)


def rollouts(encoder: Tensor, decoder: Tensor, cross: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Attention rollout (Abnar & Zuidema 2020) through both stacks, of every layer.

    Encoder [L, H, S, S] -> [L, S, S]. Decoder [M, H, T, T] and cross [M, H, T, S] -> [M, T, T]
    over the decoder's own inputs and [M, T, S] over the source, which at the same row sum to 1.
    """
    source = torch.eye(encoder.shape[-1], dtype=encoder.dtype)
    sources = []
    for layer in encoder.mean(dim=1):
        source = with_residual(layer) @ source
        sources.append(source)
    own = torch.eye(decoder.shape[-1], dtype=decoder.dtype)
    read = torch.zeros(cross.shape[-2:], dtype=cross.dtype)
    owns, reads = [], []
    for own_layer, cross_layer in zip(decoder.mean(dim=1), cross.mean(dim=1)):
        step = with_residual(own_layer)
        own, read = 0.5 * (step @ own), 0.5 * (step @ read) + 0.5 * (cross_layer @ source)
        owns.append(own)
        reads.append(read)
    return torch.stack(sources), torch.stack(owns), torch.stack(reads)


def digit_source(written: WrittenDate, character: int) -> int:
    """Where an output digit comes from, an index of SOURCES.

    Not in the text are the century of a two-digit year and the zero before a month or day of one digit.
    """
    part = DIGITS[character]
    digits = sum(c.isdigit() for c, p in zip(written.text, written.parts) if p == part)
    if digits == 0:
        return SOURCES.index("part in letters")
    from_end = max(c for c, p in DIGITS.items() if p == part) - character
    return SOURCES.index("digit in the text" if from_end < digits else "digit not in the text")


class Case:
    """One date answered right.

    maps: for each map the masses [8 digits, 4 parts]; heads: masses [L, H, 8, 4]; sources: [8].
    """

    def __init__(self, written: WrittenDate, attention: tuple[Tensor, Tensor, Tensor]) -> None:
        encoder, decoder, cross = attention
        members = torch.tensor([[float(part == q) for part in PARTS] for q in written.parts])
        rows = list(DIGITS)
        self.heads = cross[:, :, rows] @ members
        self.maps = {
            "mean over layers and heads": mean_map(cross)[rows] @ members,
            "max over layers and heads": max_map(cross)[rows] @ members,
            "rollout": rollouts(encoder, decoder, cross)[2][-1][rows] @ members,
        }
        self.sources = torch.tensor([digit_source(written, row) for row in rows])
        self.uniform = (members.sum(dim=0) / len(written.parts)).expand(len(rows), -1)


def make_case(model: DateModel, tokenizer: Tokenizer, written: WrittenDate) -> Case | None:
    """The masses of a date, or None where the answer is not exactly right."""
    source = tokenizer.encode(written.text)
    target = [tokenizer.start, *tokenizer.encode(written.iso)]
    with torch.no_grad():
        logits = model(torch.tensor([source]), torch.tensor([target]))[0]
    if logits.argmax(-1).tolist() != [*target[1:], tokenizer.end]:
        return None
    return Case(written, model.attention(source, target))


def make_cases(model: DateModel, tokenizer: Tokenizer, seed: int, count: int) -> list[Case]:
    """The cases of held-out dates, half of them in held-out forms, that are answered right."""
    dates = [w for held in (False, True) for w in evaluation_set(seed, count // 2, held)]
    made = (make_case(model, tokenizer, w) for w in dates if not w.swappable)
    return [case for case in made if case is not None]


def best_head(cases: list[Case]) -> tuple[int, int]:
    """Layer and head whose largest part is most often the right one."""
    hits = torch.stack([case.heads.argmax(-1) == WANTED for case in cases]).float().mean(dim=(0, 3))
    index = int(hits.argmax())
    return index // hits.shape[1], index % hits.shape[1]


def table_row(name: str, masses: Tensor) -> str:
    """Hits for year, month, day and all digits, and the mean share of the right part, of masses [N, 8, 4]."""
    hits = (masses.argmax(-1) == WANTED).float()
    share = masses / masses.sum(dim=-1, keepdim=True)
    right = share.gather(-1, WANTED.expand(len(masses), -1)[..., None]).mean().item()
    parts = [hits[:, [p == part for p in DIGITS.values()]].mean().item() for part in "ymd"]
    cells = [f"{100 * value:.1f} %" for value in [*parts, hits.mean().item()]]
    return f"| {name} | {' | '.join(cells)} | {right:.3f} |"


def source_row(name: str, masses: Tensor, sources: Tensor) -> str:
    """Hits by where a digit comes from, of masses [N, 8, 4] and sources [N, 8]."""
    hits = masses.argmax(-1) == WANTED
    cells = []
    for index in range(len(SOURCES)):
        chosen = hits[sources == index]
        cells.append(f"{int(chosen.sum())} of {len(chosen)} ({100 * chosen.float().mean().item():.1f} %)")
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="model.pt, or a checkpoint of dates_train.py")
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--choice-seed", type=int, default=77)
    parser.add_argument("--dates", type=int, default=1000)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tokenizer = Tokenizer(arguments.tokenizer)
    model = load_model(arguments.model)
    layer, head = best_head(make_cases(model, tokenizer, arguments.choice_seed, 200))
    cases = make_cases(model, tokenizer, arguments.seed, arguments.dates)
    heads = torch.stack([case.heads for case in cases])
    rows = {name: torch.stack([case.maps[name] for case in cases]) for name in cases[0].maps}
    rows[f"single head, layer {layer} head {head}"] = heads[:, layer, head]
    rows["every character alike"] = torch.stack([case.uniform for case in cases])
    print(f"{len(cases)} dates, {len(cases) * len(DIGITS)} digits\n")
    print("| map | year digits | month digits | day digits | all digits | mean share of the right part |")
    print("|---|---|---|---|---|---|")
    for name, masses in rows.items():
        print(table_row(name, masses))
    print("| chance among the four | 25.0 % | 25.0 % | 25.0 % | 25.0 % | 0.250 |\n")
    sources = torch.stack([case.sources for case in cases])
    print(f"| map | {' | '.join(SOURCES)} |\n|---|---|---|---|")
    for name, masses in rows.items():
        print(source_row(name, masses, sources))


if __name__ == "__main__":
    main()
