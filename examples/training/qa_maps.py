"""Do the attention maps point at the fact that holds the answer?

    python3 qa_maps.py ../models/qa/model.pt ../models/qa/tokenizer.json

For every held-out episode answered right, looks at the row of the position
that produces the first sub-word of the asked-for name, and sums it over the
tokens of each fact. Prints a Markdown table. The best single head is chosen on
other episodes than those of the table.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor

from qa_bpe import Tokenizer
from qa_data import FORMS, Fact, evaluation_set, prompt_segments
from qa_model import AnswerModel, load_model


def mean_map(attention: Tensor) -> Tensor:
    """Mean over layers and heads, [L, H, T, T] -> [T, T]."""
    return attention.mean(dim=(0, 1))


def max_map(attention: Tensor) -> Tensor:
    """Maximum over layers and heads, [L, H, T, T] -> [T, T]."""
    return attention.amax(dim=(0, 1))


def rollout_map(attention: Tensor) -> Tensor:
    """Attention rollout (Abnar & Zuidema 2020), [L, H, T, T] -> [T, T]."""
    identity = torch.eye(attention.shape[-1], dtype=attention.dtype)
    product = identity
    for layer in attention.mean(dim=1):
        mixed = 0.5 * layer + 0.5 * identity
        product = (mixed / mixed.sum(dim=-1, keepdim=True)) @ product
    return product


def fact_masses(row: Tensor, spans: list[tuple[int, int]]) -> Tensor:
    """Sums of a row [..., T] over the span of each fact, [..., facts]."""
    return torch.stack([row[..., begin:end].sum(dim=-1) for begin, end in spans], dim=-1)


class Case:
    """One episode answered right: masses [facts] by map and for each head [L, H, facts]."""

    def __init__(self, attention: Tensor, spans: list[tuple[int, int]], asked: int) -> None:
        self.asked = asked
        self.heads = fact_masses(attention[:, :, -1], spans)
        self.maps = {
            "mean": fact_masses(mean_map(attention)[-1], spans),
            "max": fact_masses(max_map(attention)[-1], spans),
            "rollout": fact_masses(rollout_map(attention)[-1], spans),
        }


def make_case(
    model: AnswerModel, tokenizer: Tokenizer, facts: list[Fact], asked: int
) -> Case | None:
    """The masses of an episode, or None where the answer is not exactly right."""
    segments = [tokenizer.encode(segment) for segment in prompt_segments(facts, asked)]
    prompt = sum(segments, [])
    answer = [*tokenizer.encode(" " + facts[asked].statement), tokenizer.eos]
    with torch.no_grad():
        logits = model(torch.tensor([prompt + answer[:-1]]))[0, len(prompt) - 1 :]
    if logits.argmax(-1).tolist() != answer:
        return None
    before = FORMS[facts[asked].form][0].split(" {n}")[0].format(p=facts[asked].place)
    spans, begin = [], 0
    for segment in segments[:-1]:
        spans.append((begin, begin + len(segment)))
        begin += len(segment)
    return Case(model.attention(prompt + tokenizer.encode(" " + before)), spans, asked)


def make_cases(model: AnswerModel, tokenizer: Tokenizer, seed: int, count: int) -> list[Case]:
    """The cases of the episodes answered right."""
    made = (make_case(model, tokenizer, *episode) for episode in evaluation_set(seed, count))
    return [case for case in made if case is not None]


def best_head(cases: list[Case]) -> tuple[int, int]:
    """Layer and head whose largest fact mass is most often on the right fact."""
    hits = torch.stack([case.heads.argmax(-1) == case.asked for case in cases]).float().mean(0)
    masses = torch.stack([case.heads[..., case.asked] for case in cases]).mean(0)
    index = int((hits + 1e-3 * masses).argmax())
    return index // hits.shape[1], index % hits.shape[1]


def table_row(name: str, cases: list[Case], masses: list[Tensor]) -> str:
    """Hits of the right fact, its mean mass and its mean share of the mass on facts."""
    pairs = list(zip(cases, masses))
    hits = sum(int(mass.argmax()) == case.asked for case, mass in pairs)
    mass = sum(float(mass[case.asked]) for case, mass in pairs) / len(pairs)
    share = sum(float(mass[case.asked] / mass.sum()) for case, mass in pairs) / len(pairs)
    percent = 100 * hits / len(pairs)
    return f"| {name} | {hits} of {len(pairs)} ({percent:.1f} %) | {mass:.3f} | {share:.3f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="model.pt, or a checkpoint of qa_train.py")
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--choice-seed", type=int, default=77)
    parser.add_argument("--episodes", type=int, default=500)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tokenizer = Tokenizer(arguments.tokenizer)
    model = load_model(arguments.model)
    layer, head = best_head(make_cases(model, tokenizer, arguments.choice_seed, 200))
    cases = make_cases(model, tokenizer, arguments.seed, arguments.episodes)
    chance = sum(1 / case.heads.shape[-1] for case in cases) / len(cases)
    print("| map | right fact has the largest mass | mean mass | mean share among facts |")
    print("|---|---|---|---|")
    for name in cases[0].maps:
        print(table_row(name, cases, [case.maps[name] for case in cases]))
    single = [case.heads[layer, head] for case in cases]
    print(table_row(f"single head, layer {layer} head {head}", cases, single))
    print(f"| chance | {100 * chance:.1f} % | | {chance:.3f} |")


if __name__ == "__main__":
    main()
