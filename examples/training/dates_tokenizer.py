"""The character tokenizer of the date model: writes tokenizer.json, and encodes with it.

    python3 dates_tokenizer.py ../models/dates/tokenizer.json
"""

import argparse
import json
import string
from pathlib import Path

START, END, UNKNOWN = "<s>", "</s>", "<unk>"
CHARACTERS = " ',-./’" + string.digits + string.ascii_uppercase + string.ascii_lowercase


class Tokenizer:
    """One token for each character; source and target share it."""

    def __init__(self, path: Path) -> None:
        self.ids: dict[str, int] = json.loads(Path(path).read_text(encoding="utf-8"))["model"]["vocab"]
        self.tokens = {index: token for token, index in self.ids.items()}
        self.start, self.end = self.ids[START], self.ids[END]

    def __len__(self) -> int:
        return len(self.ids)

    def encode(self, text: str) -> list[int]:
        return [self.ids.get(character, self.ids[UNKNOWN]) for character in text]

    def decode(self, ids: list[int]) -> str:
        """The text of ids, without the special tokens."""
        return "".join(self.tokens[i] for i in ids if len(self.tokens[i]) == 1)


def tokenizer_json() -> dict:
    """The tokenizer in the format of Hugging Face's `tokenizers`."""
    special = [START, END, UNKNOWN]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": i, "content": token, **flags} for i, token in enumerate(special)],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Split", "pattern": {"Regex": "[\\s\\S]"}, "behavior": "Isolated", "invert": False
        },
        "post_processor": None,
        "decoder": {"type": "Fuse"},
        "model": {
            "type": "WordLevel",
            "vocab": {token: i for i, token in enumerate([*special, *CHARACTERS])},
            "unk_token": UNKNOWN,
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path)
    output = parser.parse_args().output
    output.write_text(json.dumps(tokenizer_json(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(Tokenizer(output))} tokens")


if __name__ == "__main__":
    main()
