"""Trains the date model.

    python3 dates_train.py ../models/dates/tokenizer.json dates.ckpt | tee dates_train.log

A batch holds sources of one length, so nothing is padded. Only the ten
characters of the ISO date and the end token count in the loss; nothing is said
about attention.
"""

import argparse
import math
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random

import torch
from torch import Tensor
from torch.nn import functional as F

from dates_data import WrittenDate, evaluation_set, written_date
from dates_model import DateModel
from dates_tokenizer import Tokenizer


class Batch:
    """Tensors of dates whose texts have the same length S: sources [B, S], targets [B, 12]."""

    def __init__(self, dates: list[WrittenDate], tokenizer: Tokenizer) -> None:
        self.sources = torch.tensor([tokenizer.encode(date.text) for date in dates])
        self.targets = torch.tensor(
            [[tokenizer.start, *tokenizer.encode(date.iso), tokenizer.end] for date in dates]
        )


def training_batches(tokenizer: Tokenizer, seed: int, size: int) -> Iterator[Batch]:
    """An endless stream: a length's batch goes out when it is full."""
    rng = Random(seed)
    waiting: defaultdict[int, list[WrittenDate]] = defaultdict(list)
    while True:
        date = written_date(rng, day_held_out=False, form_held_out=False)
        alike = waiting[len(date.text)]
        alike.append(date)
        if len(alike) == size:
            yield Batch(waiting.pop(len(date.text)), tokenizer)


def evaluation_batches(tokenizer: Tokenizer, dates: list[WrittenDate]) -> list[Batch]:
    """All dates, by length."""
    by_length: defaultdict[int, list[WrittenDate]] = defaultdict(list)
    for date in dates:
        by_length[len(date.text)].append(date)
    return [Batch(alike, tokenizer) for alike in by_length.values()]


def measure(model: DateModel, batch: Batch) -> tuple[Tensor, Tensor]:
    """Mean loss, and for each date whether all of it is right [B]."""
    logits = model(batch.sources, batch.targets[:, :-1])
    wanted = batch.targets[:, 1:]
    loss = F.cross_entropy(logits.transpose(1, 2), wanted)
    return loss, (logits.argmax(-1) == wanted).all(dim=-1)


@torch.no_grad()
def exact_share(model: DateModel, batches: list[Batch]) -> float:
    """Share of dates that are exactly right, each next character judged after the right ones.

    For exact answers that comes to the same as greedy generation.
    """
    model.eval()
    right = torch.cat([measure(model, batch)[1] for batch in batches]).float().mean().item()
    model.train()
    return right


def learning_rate(step: int, arguments: argparse.Namespace) -> float:
    """Linear warm-up, then cosine down to a fiftieth."""
    if step < arguments.warm_up:
        return arguments.rate * (step + 1) / arguments.warm_up
    share = (step - arguments.warm_up) / (arguments.steps - arguments.warm_up)
    return arguments.rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share)))


def train(arguments: argparse.Namespace) -> None:
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(1)
    tokenizer = Tokenizer(arguments.tokenizer)
    model = DateModel(
        len(tokenizer), arguments.width, arguments.encoder, arguments.decoder, drop=arguments.drop
    )
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {model.settings}")
    matrices = [p for p in model.parameters() if p.dim() == 2]
    vectors = [p for p in model.parameters() if p.dim() != 2]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.01}, {"params": vectors, "weight_decay": 0.0}],
        lr=arguments.rate,
        betas=(0.9, 0.98),
    )
    checks = [evaluation_batches(tokenizer, evaluation_set(5, 300, held)) for held in (False, True)]
    batches = training_batches(tokenizer, arguments.seed, arguments.batch)
    total_loss, total_right = 0.0, 0.0
    start = time.monotonic()
    for step in range(1, arguments.steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step - 1, arguments)
        loss, right = measure(model, next(batches))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total_loss += loss.item()
        total_right += right.float().mean().item()
        if step % arguments.report == 0 or step == arguments.steps:
            known, new = (exact_share(model, check) for check in checks)
            print(
                f"step {step} loss {total_loss / arguments.report:.4f} "
                f"train exact {total_right / arguments.report:.3f} "
                f"held-out exact {known:.3f} in held-out forms {new:.3f} "
                f"seconds {time.monotonic() - start:.0f}",
                flush=True,
            )
            total_loss, total_right = 0.0, 0.0
            torch.save({"settings": model.settings, "state": model.state_dict()}, arguments.checkpoint)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--warm-up", type=int, default=200)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--encoder", type=int, default=1, help="layers")
    parser.add_argument("--decoder", type=int, default=2, help="layers")
    parser.add_argument("--drop", type=float, default=0.2, help="share of heads dropped in training")
    parser.add_argument("--report", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
