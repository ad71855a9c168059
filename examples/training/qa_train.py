"""Trains the question-answering model.

    python3 qa_train.py ../models/qa/tokenizer.json qa.ckpt | tee qa_train.log

Levels 1 to 3 are the warm-up (2, 4 and 6 pairs), level 3 + n has up to n + 1
facts. The next level starts when the running share of exact answers in the
training batches passes `--master`.
"""

import argparse
import math
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import torch
from torch import Tensor
from torch.nn import functional as F

from qa_bpe import Tokenizer
from qa_data import Sequence, episode_sequence, evaluation_set, make_facts, names, pairs_sequence
from qa_model import AnswerModel

WARM_UP_PAIRS = {1: 2, 2: 4, 3: 6}
MOST_FACTS = 7
LAST_LEVEL = len(WARM_UP_PAIRS) + MOST_FACTS - 1


class Batch:
    """Padded tensors [B, T] of several sequences."""

    def __init__(self, sequences: list[Sequence], pad: int) -> None:
        length = max(len(s.ids) for s in sequences)
        self.ids = torch.full((len(sequences), length), pad)
        self.weights = torch.zeros(len(sequences), length)
        self.groups = torch.full((len(sequences), length), -1)
        self.firsts = torch.zeros(len(sequences), length, dtype=torch.bool)
        base = 0
        for row, s in enumerate(sequences):
            size = len(s.ids)
            self.ids[row, :size] = torch.tensor(s.ids)
            self.weights[row, :size] = torch.tensor(s.weights)
            groups = torch.tensor(s.groups)
            self.groups[row, :size] = torch.where(groups >= 0, groups + base, groups)
            self.firsts[row, :size] = torch.tensor(s.firsts)
            base += max(s.groups) + 1
        self.answers = base


class Source:
    """An endless stream of training batches of about `tokens` tokens for a level."""

    def __init__(self, tokenizer: Tokenizer, seed: int, tokens: int, lead: float) -> None:
        self.tokenizer = tokenizer
        self.rng = Random(seed)
        self.tokens = tokens
        self.lead = lead
        self.pool = names(evaluation=False)

    def sequence(self, level: int) -> Sequence:
        """One sequence: mostly of the level itself, at times of an easier one."""
        rng = self.rng
        if level in WARM_UP_PAIRS:
            return pairs_sequence(rng, self.pool, self.tokenizer, WARM_UP_PAIRS[level])
        most = level - len(WARM_UP_PAIRS) + 1
        count = most if rng.random() < 0.5 else rng.randint(2, most)
        facts = make_facts(rng, self.pool, count)
        asked = rng.sample(range(count), 1 if level == LAST_LEVEL and rng.random() < 0.2 else count)
        return episode_sequence(facts, asked, self.tokenizer, self.lead)

    def batches(self, level: int) -> Iterator[Batch]:
        """Batches of sequences of like length."""
        while True:
            sequences = sorted((self.sequence(level) for _ in range(400)), key=lambda s: len(s.ids))
            cuts: list[list[Sequence]] = [[]]
            for s in sequences:
                if (len(cuts[-1]) + 1) * len(s.ids) > self.tokens:
                    cuts.append([])
                cuts[-1].append(s)
            self.rng.shuffle(cuts)
            for cut in cuts:
                yield Batch(cut, self.tokenizer.eos)


def measure(model: AnswerModel, batch: Batch) -> tuple[Tensor, float, float]:
    """Weighted loss, share of exact answers, share of right first sub-words of names."""
    targets = batch.ids[:, 1:]
    weights = batch.weights[:, 1:]
    chosen = weights > 0
    logits = model.logits(model.states(batch.ids[:, :-1])[0][chosen])
    losses = F.cross_entropy(logits, targets[chosen], reduction="none")
    loss = (losses * weights[chosen]).sum() / weights.sum()
    with torch.no_grad():
        right = logits.argmax(-1) == targets[chosen]
        wrong_answers = torch.unique(batch.groups[:, 1:][chosen][~right]).numel()
        first = right[batch.firsts[:, 1:][chosen]].float().mean().item()
    return loss, 1 - wrong_answers / batch.answers, first


@torch.no_grad()
def held_out_accuracy(model: AnswerModel, batches: list[Batch]) -> tuple[float, float]:
    """Shares of exact answers and of right first sub-words on held-out episodes.

    Each next token is judged after the right ones, which for exact answers
    comes to the same as greedy generation.
    """
    model.eval()
    exact, first, total = 0.0, 0.0, 0
    for batch in batches:
        _, batch_exact, batch_first = measure(model, batch)
        exact += batch_exact * batch.answers
        first += batch_first * batch.answers
        total += batch.answers
    model.train()
    return exact / total, first / total


def learning_rate(step: int, arguments: argparse.Namespace) -> float:
    """Linear warm-up, constant, then cosine down to a fiftieth over the last steps."""
    if step < arguments.warm_up:
        return arguments.rate * (step + 1) / arguments.warm_up
    start = arguments.steps - arguments.decay
    share = max(0.0, (step - start) / arguments.decay)
    return arguments.rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share)))


def save(model: AnswerModel, path: Path) -> None:
    torch.save({"settings": model.settings, "state": model.state_dict()}, path)


def train(arguments: argparse.Namespace) -> None:
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    tokenizer = Tokenizer(arguments.tokenizer)
    model = AnswerModel(len(tokenizer), heads=arguments.heads, taps=arguments.taps)
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {model.settings}")
    matrices = [p for p in model.parameters() if p.dim() == 2]
    vectors = [p for p in model.parameters() if p.dim() != 2]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.01}, {"params": vectors, "weight_decay": 0.0}],
        lr=arguments.rate,
        betas=(0.9, 0.98),
    )
    held_out = [
        episode_sequence(facts, [asked], tokenizer, 1.0)
        for facts, asked in sorted(evaluation_set(5, 200), key=lambda e: len(e[0]))
    ]
    held_out_batches = [Batch(held_out[i : i + 50], tokenizer.eos) for i in range(0, 200, 50)]
    source = Source(tokenizer, arguments.seed, arguments.tokens, arguments.lead)
    level, running, since = 1, 0.0, 0
    batches = source.batches(level)
    losses: list[float] = []
    firsts: list[float] = []
    start = time.monotonic()
    last = min(arguments.stop or arguments.steps, arguments.steps)
    for step in range(1, last + 1):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step - 1, arguments)
        loss, exact, first = measure(model, next(batches))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        firsts.append(first)
        running = 0.9 * running + 0.1 * exact
        since += 1
        if level < LAST_LEVEL and since >= 20 and running > arguments.master:
            level, running, since = level + 1, 0.0, 0
            batches = source.batches(level)
        if step % arguments.report == 0 or step == last:
            held_exact, held_first = held_out_accuracy(model, held_out_batches)
            print(
                f"step {step} level {level} loss {sum(losses) / len(losses):.4f} "
                f"train exact {running:.3f} first {sum(firsts) / len(firsts):.3f} "
                f"held-out exact {held_exact:.3f} first {held_first:.3f} "
                f"seconds {time.monotonic() - start:.0f}",
                flush=True,
            )
            losses, firsts = [], []
            save(model, arguments.checkpoint)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--steps", type=int, default=3000, help="length of the schedule")
    parser.add_argument("--decay", type=int, default=2200, help="steps of falling rate at the end")
    parser.add_argument("--stop", type=int, help="end after this step of the schedule")
    parser.add_argument("--warm-up", type=int, default=100)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--tokens", type=int, default=6000, help="tokens in a batch")
    parser.add_argument("--lead", type=float, default=3.0, help="weight of a name's first sub-word")
    parser.add_argument("--master", type=float, default=0.85)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--taps", type=int, default=3)
    parser.add_argument("--report", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
