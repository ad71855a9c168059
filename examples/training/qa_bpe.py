"""Byte-level BPE: a small learner and an encoder, in the Hugging Face file format.

    python3 qa_bpe.py ../models/qa/tokenizer.json

learns the merges on generated text (see `qa_data.tokenizer_text`) and writes
a `tokenizer.json`. The text of this example is ASCII, so the pre-tokenizer
pattern needs no Unicode classes here; on ASCII it splits as the ByteLevel
pre-tokenizer of Hugging Face `tokenizers` does.
"""

import argparse
import json
import re
from collections import Counter
from pathlib import Path

EOS = "<eos>"
ASCII_PATTERN = re.compile(
    r"'s|'t|'re|'ve|'m|'ll|'d| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+"
)


def byte_alphabet() -> dict[int, str]:
    """The printable stand-in of every byte value (the GPT-2 table)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {value: chr(value) for value in printable}
    others = (value for value in range(256) if value not in table)
    table.update({value: chr(256 + index) for index, value in enumerate(others)})
    return table


def pre_tokenize(text: str, table: dict[int, str]) -> list[str]:
    """Splits text into words, each spelt in the byte alphabet."""
    return ["".join(table[b] for b in word.encode()) for word in ASCII_PATTERN.findall(text)]


def merge_pair(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    """Joins every non-overlapping occurrence of `pair`, left to right."""
    joined: list[str] = []
    index = 0
    while index < len(pieces):
        if tuple(pieces[index : index + 2]) == pair:
            joined.append(pieces[index] + pieces[index + 1])
            index += 2
        else:
            joined.append(pieces[index])
            index += 1
    return joined


def learn_merges(text: str, count: int) -> list[tuple[str, str]]:
    """Learns up to `count` merges; the most frequent pair first, ties by spelling."""
    frequencies = Counter(pre_tokenize(text, byte_alphabet()))
    words = [(list(word), frequency) for word, frequency in sorted(frequencies.items())]
    merges: list[tuple[str, str]] = []
    while len(merges) < count:
        pairs: Counter[tuple[str, str]] = Counter()
        for pieces, frequency in words:
            for pair in zip(pieces, pieces[1:]):
                pairs[pair] += frequency
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        words = [(merge_pair(pieces, best), frequency) for pieces, frequency in words]
    return merges


def tokenizer_json(merges: list[tuple[str, str]]) -> dict:
    """The tokenizer in the format of Hugging Face `tokenizers`."""
    tokens = [EOS, *sorted(byte_alphabet().values())]
    tokens += dict.fromkeys(left + right for left, right in merges)
    byte_level = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": True,
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": 0,
                "content": EOS,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
        ],
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": None,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": {token: index for index, token in enumerate(tokens)},
            "merges": [f"{left} {right}" for left, right in merges],
        },
    }


class Tokenizer:
    """Encodes and decodes with a `tokenizer.json` written by this script."""

    def __init__(self, path: Path) -> None:
        content = json.loads(path.read_text(encoding="utf-8"))
        self.vocab: dict[str, int] = content["model"]["vocab"]
        self.tokens = {index: token for token, index in self.vocab.items()}
        merges = (tuple(merge.split(" ")) for merge in content["model"]["merges"])
        self.ranks = {merge: rank for rank, merge in enumerate(merges)}
        self.table = byte_alphabet()
        self.bytes = {char: value for value, char in self.table.items()}
        self.eos = self.vocab[EOS]
        self.cache: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self.vocab)

    def encode_word(self, word: str) -> list[int]:
        """The ids of one pre-token, merging the lowest rank first."""
        if word not in self.cache:
            pieces = list(word)
            while True:
                pairs = [pair for pair in zip(pieces, pieces[1:]) if pair in self.ranks]
                if not pairs:
                    break
                pieces = merge_pair(pieces, min(pairs, key=self.ranks.__getitem__))
            self.cache[word] = [self.vocab[piece] for piece in pieces]
        return self.cache[word]

    def encode(self, text: str) -> list[int]:
        """The ids of a text (special tokens are not recognised in it)."""
        return [i for word in pre_tokenize(text, self.table) for i in self.encode_word(word)]

    def decode(self, ids: list[int]) -> str:
        """The text of ids, without the end token."""
        chars = "".join(self.tokens[i] for i in ids if i != self.eos)
        return bytes(self.bytes[char] for char in chars).decode()


def main() -> None:
    from qa_data import tokenizer_text

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path)
    parser.add_argument("--vocabulary", type=int, default=1000)
    arguments = parser.parse_args()
    merges = learn_merges(tokenizer_text(), arguments.vocabulary - 257)
    content = json.dumps(tokenizer_json(merges), ensure_ascii=False, indent=1)
    arguments.output.write_text(content + "\n", encoding="utf-8")
    print(f"{len(merges)} merges, vocabulary of {len(Tokenizer(arguments.output))}")


if __name__ == "__main__":
    main()
