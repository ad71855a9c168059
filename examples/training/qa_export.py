"""Writes the trained model as a TorchScript archive, with its attnviz.json.

    python3 qa_export.py qa.ckpt ../models/qa

The archive is checked against the Python model at several lengths.
"""

import argparse
import json
from pathlib import Path
from zipfile import ZipFile

import torch

from qa_bpe import Tokenizer
from qa_model import load_checkpoint

MAX_LENGTH = 256
CHECKED_LENGTHS = [1, 2, 3, 7, 40, 101, MAX_LENGTH]


def drop_debug_records(archive: Path) -> None:
    """Rewrites the archive without its debug records, which hold paths of this machine."""
    with ZipFile(archive) as source:
        records = {name.partition("/")[2]: source.read(name) for name in source.namelist()}
    writer = torch._C.PyTorchFileWriter(str(archive))
    writer.set_min_version(int(records.pop(".data/version")))
    for name, content in records.items():
        if not name.endswith(".debug_pkl"):
            writer.write_record(name, content, len(content))
    writer.write_end_of_file()


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
    torch.manual_seed(0)
    torch.jit.trace(model, torch.randint(len(tokenizer), (1, 12))).save(str(archive))
    drop_debug_records(archive)

    loaded = torch.jit.load(str(archive))
    for length in CHECKED_LENGTHS:
        ids = torch.randint(len(tokenizer), (1, length))
        difference = (loaded(input_ids=ids) - model(ids)).abs().max().item()
        print(f"length {length}: largest difference of logits {difference:.1e}")
        assert difference < 1e-4
    content = {
        "schema": "attnviz.model/1",
        "task": "causal-lm",
        "eos": tokenizer.eos,
        "max_length": MAX_LENGTH,
    }
    text = json.dumps(content, indent=2) + "\n"
    (arguments.folder / "attnviz.json").write_text(text, encoding="utf-8")
    print(f"model.pt has {archive.stat().st_size} bytes")


if __name__ == "__main__":
    main()
