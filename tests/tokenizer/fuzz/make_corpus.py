#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets beside this file: small tokenizers of every kind, and odd texts."""
import json
import pathlib
import struct

HERE = pathlib.Path(__file__).parent
CORPUS = HERE / "corpus"


def write(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())


def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def field(number, value):
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    return varint(number << 3) + varint(value)


def piece(text, score=-1.0, kind=1):
    return field(1, field(1, text.encode()) + field(2, score) + field(3, kind))


def shrink(tokenizer):
    """Keeps what the texts of the fuzz target can reach."""
    model = tokenizer["model"]
    if isinstance(model["vocab"], dict) and "merges" in model:
        wanted = {p for merge in model["merges"] for p in (merge if isinstance(merge, list) else merge.split(" "))}
        wanted |= {"".join(merge if isinstance(merge, list) else merge.split(" ")) for merge in model["merges"]}
        prefix = model.get("continuing_subword_prefix") or ""
        if prefix:
            wanted |= {a + b[len(prefix):] for a, b in (m.split(" ") for m in model["merges"])}
        model["vocab"] = {p: i for i, p in enumerate(model["vocab"]) if i < 8 or p in wanted}
    return tokenizer


def main():
    for line in (HERE.parent / "data" / "components.jsonl").read_text().split("\n"):
        if line:
            entry = json.loads(line)
            write("tokenizer_json", entry["name"], json.dumps(shrink(entry["tokenizer"]), ensure_ascii=False))
    base = piece("<unk>", 0.0, 2) + piece("<s>", 0.0, 3) + piece("\u2581") + piece("a") + piece("\u2581the", -0.5) + piece("he", -0.7) + piece("<x>", 0.0, 4) + piece("th", -0.2, 5) + piece("<0xC3>", 0.0, 6)
    for kind in (1, 2, 3):
        write("sentencepiece", f"type_{kind}", base + field(2, field(3, kind) + field(35, 1)) + field(3, field(3, 1) + field(4, 0)))
    write("sentencepiece", "suffix", base + field(2, field(3, 1) + field(24, 1)))
    write("sentencepiece", "damaged_map", base + field(3, field(2, struct.pack("<III", 8, 1 << 10 | 1 << 8, 5) + b"a\0")))
    write("vocabulary", "wordpiece", b'[PAD]\n[UNK]\n[CLS]\n[SEP]\nhello\n##s\n,\n\0{"do_lower_case":false,"cls_token":{"content":"[CLS]"}}')
    write("vocabulary", "bpe", '{"Ġ":0,"a":1,"b":2,"ab":3,"<s>":4,"</s>":5,"<mask>":6}\0#version: 0.2\na b\n\0'.encode() + b'{"tokenizer_class":"RobertaTokenizer","add_prefix_space":true,"added_tokens_decoder":{"7":{"content":"<n>"}}}')
    for name, text in (("ascii", b"Hello, world! don't 12 345 <x>  <Mask> zz"), ("marks", "e\u0301\u0327 \u1100\u1161\u11a8 क्षि \u200d\ufe0f".encode()), ("emoji", "👍🏽👨‍👩‍👧🇩🇪".encode()), ("zero", b"a\0b\r\n\t\xef\xbf\xbd"), ("invalid", b"a\xc3(\xff"), ("ligatures", "ﬁ①½Å İΣς ǅ".encode())):
        write("text", name, text)


main()
