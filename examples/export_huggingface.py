#!/usr/bin/env python3
"""Exports a checkpoint of Hugging Face transformers as a folder that attnviz reads.

    export_huggingface.py CHECKPOINT OUT [--task encoder|causal-lm|seq2seq] [--attention sdpa|eager] [--dtype float32]

CHECKPOINT is a name on the hub or a local folder. OUT gets model.pt (TorchScript, traced), the tokenizer's files,
config.json and attnviz.json. The attention of the checkpoint need not be returned: attnviz finds it in the graph.
With `--attention sdpa` attnviz never holds a whole attention matrix; `eager` is for an attnviz that was built with a
libtorch too old for some operator, or for models that have no other.

What this was tried with: transformers 5.24 with torch 2.15, on small random checkpoints; and Python 3.11 with torch
1.13 and Python 3.13 with torch 2.6, with stand-ins for the classes of transformers (tests/model/export_test.py): the
arguments, the tracing wrappers, the check of a second length and the files that are written.
"""

import argparse
import json
import sys
from pathlib import Path

try:
    import torch
    from torch import Tensor, nn
except ImportError:
    raise SystemExit(f"{__doc__}\nIt needs torch and transformers, which this Python does not have.") from None

SCHEMA = "attnviz.model/1"
EXAMPLE_TEXT = "The quick brown fox jumps over the lazy dog."


class EncoderForward(nn.Module):
    """ids and mask [1, T] -> last hidden states [1, T, C], or logits where the checkpoint has a head."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.model(input_ids=input_ids, attention_mask=attention_mask, return_dict=False)[0]


class CausalForward(nn.Module):
    """ids [1, T] -> logits [1, T, V], without a cache."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor) -> Tensor:
        return self.model(input_ids=input_ids, use_cache=False, return_dict=False)[0]


class Seq2SeqForward(nn.Module):
    """ids and mask [1, S], target ids [1, T] -> logits [1, T, V], without a cache."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor, decoder_input_ids: Tensor) -> Tensor:
        outputs = self.model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            decoder_input_ids=decoder_input_ids,
            use_cache=False,
            return_dict=False,
        )
        return outputs[0]


FORWARDS = {"encoder": EncoderForward, "causal-lm": CausalForward, "seq2seq": Seq2SeqForward}


def task_of(config) -> str:
    """The task that a configuration of transformers is for."""
    if getattr(config, "is_encoder_decoder", False):
        return "seq2seq"
    architectures = getattr(config, "architectures", None) or [""]
    return "causal-lm" if any(name.endswith(("CausalLM", "LMHeadModel")) for name in architectures) else "encoder"


def example_inputs(task: str, ids: Tensor, length: int) -> tuple:
    """Arguments of the forward of `task`, cut to `length` ids."""
    ids = ids[:, :length]
    if task == "causal-lm":
        return (ids,)
    mask = torch.ones_like(ids)
    return (ids, mask) if task == "encoder" else (ids, mask, ids[:, : max(2, length - 3)])


def trace(task: str, model: nn.Module, ids: Tensor) -> torch.jit.ScriptModule:
    """Traces `model`, and checks on a shorter text that the trace has not kept the length of its example."""
    forward = FORWARDS[task](model).eval()
    with torch.no_grad():
        traced = torch.jit.trace(forward, example_inputs(task, ids, ids.shape[1]), check_trace=False)
        other = example_inputs(task, ids, max(4, ids.shape[1] - 2))
        try:
            difference = (traced(*other) - forward(*other)).abs().max().item()
        except RuntimeError as error:
            sys.exit(f"export_huggingface: the trace takes one length only; try --attention eager ({error})")
    scale = 1e-3 if next(model.parameters()).dtype == torch.float32 else 0.1
    if not difference < scale:
        sys.exit(f"export_huggingface: the trace differs from the model by {difference} on another length")
    return traced


def description(task: str, config) -> dict:
    """What attnviz.json says."""
    told = {"schema": SCHEMA, "task": task}
    names = {"eos": "eos_token_id", "bos": "bos_token_id", "pad": "pad_token_id", "decoder_start": "decoder_start_token_id"}
    for key, name in names.items():
        value = getattr(config, name, None)
        if value is not None:
            told[key] = value
    for name in ("max_position_embeddings", "n_positions"):
        value = getattr(config, name, None)
        if isinstance(value, int) and value > 0 and "max_length" not in told:
            # RoBERTa counts positions from the id of its padding + 1.
            offset = config.pad_token_id + 1 if getattr(config, "model_type", "") in ("roberta", "camembert") else 0
            told["max_length"] = value - offset
    return told


def load(arguments: argparse.Namespace):
    """Model, tokenizer and task of the checkpoint."""
    import transformers

    config = transformers.AutoConfig.from_pretrained(arguments.checkpoint)
    task = arguments.task or task_of(config)
    kind = {
        "encoder": transformers.AutoModel,
        "causal-lm": transformers.AutoModelForCausalLM,
        "seq2seq": transformers.AutoModelForSeq2SeqLM,
    }[task]
    model = kind.from_pretrained(
        arguments.checkpoint,
        attn_implementation=arguments.attention,
        torch_dtype=getattr(torch, arguments.dtype),
    )
    return model.eval(), transformers.AutoTokenizer.from_pretrained(arguments.checkpoint), task


def parse(arguments: list) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Exports a Hugging Face checkpoint for attnviz.")
    parser.add_argument("checkpoint", help="name on the hub, or a local folder")
    parser.add_argument("out", type=Path, help="folder to write (made when it is not there)")
    parser.add_argument("--task", choices=sorted(FORWARDS), help="default: told from the configuration")
    parser.add_argument("--attention", choices=("sdpa", "eager"), default="sdpa", help="default: sdpa")
    parser.add_argument("--dtype", choices=("float32", "float16", "bfloat16"), default="float32", help="default: float32")
    return parser.parse_args(arguments)


def main(arguments: list) -> None:
    options = parse(arguments)
    model, tokenizer, task = load(options)
    ids = tokenizer(EXAMPLE_TEXT, return_tensors="pt")["input_ids"]
    traced = trace(task, model, ids)
    options.out.mkdir(parents=True, exist_ok=True)
    torch.jit.save(traced, str(options.out / "model.pt"))
    tokenizer.save_pretrained(str(options.out))
    model.config.save_pretrained(str(options.out))
    told = description(task, model.config)
    (options.out / "attnviz.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    print(options.out)


if __name__ == "__main__":
    main(sys.argv[1:])
