#!/usr/bin/env python3
"""Writes what the reference library (PyPI package "tokenizers") makes of random ids, for every decoder and for steps behind one another.

    python3 make_decoders.py > decoders.jsonl

A line is {"name", "decoder", "pieces", "cases": [[ids, text], ...]}; the id of a piece is its place.
"""
import json
import random
import sys

from tokenizers import Tokenizer

WORDS = ["the", "cat", "##s", "##ing", " ", "▁", "▁the", "▁▁a", "low</w>", "er</w>", "</w>", "<pad>", "|", ".", " .", " n't", " do not", "x", "xx", "é", "中", "👍", ""]
BYTES = ["<0x41>", "<0xC3>", "<0xA9>", "<0xF0>", "<0x9F>", "<0x91>", "<0x8D>", "<0xED>", "<0xff>", "<0x20>", "<0x4>"]
LEVEL = ["Ġthe", "Ġ", "ðŁ", "ĳ", "į", "Ã", "©", "Ċ", "Â", "íł"]
PIECES = WORDS + BYTES + LEVEL


def kind(name, **fields):
    return {"type": name, **fields}


def steps(*decoders):
    return kind("Sequence", decoders=list(decoders))


FUSE = kind("Fuse")
FALLBACK = kind("ByteFallback")
BYTE_LEVEL = kind("ByteLevel", add_prefix_space=True, trim_offsets=True, use_regex=True)
MARK_TO_SPACE = kind("Replace", pattern={"String": "▁"}, content=" ")
LETTERS = kind("Replace", pattern={"Regex": "[aeiou]+"}, content="_")


def strip(content, start, stop):
    return kind("Strip", content=content, start=start, stop=stop)


DECODERS = {
    "none": None,
    "ByteLevel": BYTE_LEVEL,
    "WordPiece": kind("WordPiece", prefix="##", cleanup=False),
    "WordPiece_cleanup": kind("WordPiece", prefix="##", cleanup=True),
    "Metaspace_always": kind("Metaspace", replacement="▁", prepend_scheme="always", split=True),
    "Metaspace_first": kind("Metaspace", replacement="▁", prepend_scheme="first", split=True),
    "Metaspace_never": kind("Metaspace", replacement="▁", prepend_scheme="never", split=True),
    "BPEDecoder": kind("BPEDecoder", suffix="</w>"),
    "CTC": kind("CTC", pad_token="<pad>", word_delimiter_token="|", cleanup=True),
    "CTC_plain": kind("CTC", pad_token="<pad>", word_delimiter_token="|", cleanup=False),
    "ByteFallback": FALLBACK,
    "Fuse": FUSE,
    "Replace": MARK_TO_SPACE,
    "Replace_Regex": LETTERS,
    "Strip_start": strip("x", 1, 0),
    "Strip_both": strip("x", 1, 1),
    "Strip_end": strip("▁", 0, 2),
    "Llama": steps(MARK_TO_SPACE, FALLBACK, FUSE, strip(" ", 1, 0)),
    "Fuse_Strip_two": steps(FUSE, strip("x", 2, 0)),
    "Fuse_Strip_wide": steps(FUSE, strip("▁", 1, 0)),
    "Fuse_Strip_both": steps(FUSE, strip("x", 1, 1)),
    "Fuse_Replace": steps(FUSE, LETTERS),
    "Fuse_Fuse_WordPiece": steps(FUSE, FUSE, kind("WordPiece", prefix="##", cleanup=True)),
    "ByteFallback_Metaspace": steps(FALLBACK, kind("Metaspace", replacement="▁", prepend_scheme="always", split=True)),
    "ByteLevel_Strip": steps(BYTE_LEVEL, strip(" ", 1, 0)),
    "Replace_BPEDecoder": steps(LETTERS, kind("BPEDecoder", suffix="</w>")),
    "Nested": steps(steps(MARK_TO_SPACE, FALLBACK), steps(FUSE, strip(" ", 1, 0))),
}


def reference(decoder):
    added = [{"id": len(PIECES) + i, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": special}
             for i, (content, special) in enumerate((("<s>", True), ("<tool>", False)))]
    return Tokenizer.from_str(json.dumps({
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None, "pre_tokenizer": None,
        "post_processor": None, "decoder": decoder,
        "model": {"type": "WordLevel", "unk_token": "the", "vocab": {piece: i for i, piece in enumerate(PIECES)}}}))


def main():
    rng = random.Random(23)
    for name, decoder in DECODERS.items():
        tokenizer = reference(decoder)
        cases = []
        for round in range(40):
            # Runs from one alphabet, so that bytes come in a row; the first one is empty.
            ids = []
            for _ in range(rng.randint(1, 4) if round else 0):
                begin, size = rng.choice(((0, len(WORDS)), (len(WORDS), len(BYTES)), (len(WORDS) + len(BYTES), len(LEVEL)), (len(PIECES), 2)))
                ids += [begin + rng.randrange(size) for _ in range(rng.randint(1, 6))]
            try:
                cases.append([ids, tokenizer.decode(ids)])
            except BaseException:  # The reference panics where both ends of Strip want one character.
                pass
        json.dump({"name": name, "decoder": decoder, "pieces": PIECES, "cases": cases}, sys.stdout, ensure_ascii=False)
        print()


main()
