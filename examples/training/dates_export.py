"""Writes the trained model as a TorchScript archive, with its attnviz.json.

    python3 dates_export.py dates.ckpt ../models/dates

The archive holds `forward`, and `encode` and `decode` for generation. It is
checked against the Python model at several lengths.
"""

import argparse
import json
from pathlib import Path

import torch

from dates_model import load_checkpoint
from dates_tokenizer import Tokenizer
from qa_export import drop_debug_records

MAX_LENGTH = 64
CHECKED_LENGTHS = [(1, 1), (2, 11), (10, 1), (23, 5), (49, 11), (MAX_LENGTH, MAX_LENGTH)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path, help="holds tokenizer.json; gets the other files")
    arguments = parser.parse_args()
    tokenizer = Tokenizer(arguments.folder / "tokenizer.json")
    model = load_checkpoint(arguments.checkpoint)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    archive = arguments.folder / "model.pt"
    torch.jit.script(model).save(str(archive))
    drop_debug_records(archive)

    loaded = torch.jit.load(str(archive))
    torch.manual_seed(0)
    for source_length, target_length in CHECKED_LENGTHS:
        source = torch.randint(len(tokenizer), (1, source_length))
        target = torch.randint(len(tokenizer), (1, target_length))
        wanted = model(source, target)
        in_steps = loaded.decode(target, loaded.encode(source))
        difference = (loaded(input_ids=source, decoder_input_ids=target) - wanted).abs().max().item()
        assert difference < 1e-4 and (in_steps - wanted).abs().max().item() < 1e-4
        print(f"lengths {source_length}, {target_length}: largest difference of logits {difference:.1e}")
    content = {
        "schema": "attnviz.model/1",
        "task": "seq2seq",
        "inputs": {"input_ids": "ids", "decoder_input_ids": "target_ids"},
        "decoder_start": tokenizer.start,
        "eos": tokenizer.end,
        "max_length": MAX_LENGTH,
    }
    text = json.dumps(content, indent=2) + "\n"
    (arguments.folder / "attnviz.json").write_text(text, encoding="utf-8")
    print(f"model.pt has {archive.stat().st_size} bytes")


if __name__ == "__main__":
    main()
