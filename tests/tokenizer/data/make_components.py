#!/usr/bin/env python3
"""Writes one small tokenizer for each component to standard output, one JSON object a line: name, tokenizer, texts.

    python3 make_components.py | node expect.js > components.jsonl

expect.js fills in what the reference library (npm package "tokenizers") makes of the texts.
"""
import base64
import json
import struct
import sys

TEXTS = ["", " ", "Hello, world!", "  the café  a\u0301b ", "don't 12 345x²½", "中文 a日本b ひらカタ", "ﬁ①Å İΣς ǅ",
         "👍🏽👨‍👩‍👧 e\u0301\u0327", "a\u0000b\ufffd\u200bc\td\r\ne\u2028f", "<x>a <Mask> ab<s>zz zzz", "한국 \u1100\u1161\u11a8 क्षि น้ำ مرحبا"]
CHARACTERS = sorted(set("".join(TEXTS) + "abcdefghijklmnopqrstuvwxyzHTW0123456789.,!'▁_-"))


def byte_alphabet():
    printable = list(range(33, 127)) + list(range(0xA1, 0xAD)) + list(range(0xAE, 0x100))
    spare = iter(range(256, 512))
    return [chr(b) if b in printable else chr(next(spare)) for b in range(256)]


def vocab(pieces):
    return {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}


def bpe(merges, pieces=CHARACTERS, **options):
    prefix = options.get("continuing_subword_prefix") or ""
    joined = [a + b[len(prefix):] for a, b in merges]
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
             "fuse_unk": False, "byte_fallback": False}
    model.update(options)
    model["vocab"] = vocab(["<unk>"] + list(pieces) + joined)
    model["merges"] = [f"{a} {b}" for a, b in merges]
    return model


PLAIN = bpe([("t", "h"), ("th", "e"), ("l", "l"), ("e", "ll"), ("a", "b"), ("1", "2"), ("c", "a"), ("▁", "a"), ("▁", "th")], unk_token="<unk>")
BYTE_LEVEL = bpe([("t", "h"), ("th", "e"), ("Ġ", "the"), ("l", "l"), ("Ã", "©"), ("ð", "Ł"), ("Ġ", "a"), ("ĳ", "į")], byte_alphabet())
WORDPIECE = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 8,
             "vocab": vocab(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "hell", "##o", "world", "wor", "the", "cafe", "do", "##t", "12", "a", "b", "##b", ",", "!", "'", "t", "中"])}
UNIGRAM = {"type": "Unigram", "unk_id": 0, "byte_fallback": False,
           "vocab": [["<unk>", 0.0], ["▁", -2.0], ["▁the", -3.25], ["the", -4], ["a", -5.1], ["b", -5.123456789012345678], ["ab", -10.0], ["▁a", -6.5],
                     ["H", -7], ["e", -7], ["l", -7], ["o", -7], ["ll", -13.9], ["▁H", -8], ["ell", -12.0], ["1", -6], ["2", -6], ["12", -12], ["fi", -9], ["c", -9], ["é", -9]]}
WORDLEVEL = {"type": "WordLevel", "unk_token": "[UNK]", "vocab": vocab(["[UNK]", "Hello", "world", "the", "a", "b", "▁a", ",", "!", "ab", "12", "345", "Ġ", "H", "e"])}


def added(*tokens):
    result = []
    for i, (content, flags) in enumerate(tokens):
        token = {"id": 500 + i, "content": content}
        for flag in ("single_word", "lstrip", "rstrip", "normalized", "special"):
            token[flag] = flag in flags.split()
        result.append(token)
    return result


def charsmap():
    """A double-array trie for a handful of replacements, built the slow way."""
    entries = {"ﬁ": "fi", "①": "1", "½": "1⁄2", "\t": " ", "\u2028": " ", "\u200b": "", "Å": "Å", "e\u0301": "é"}
    texts, offsets = b"", {}
    for key, value in entries.items():
        offsets[key.encode()] = len(texts)
        texts += value.encode() + b"\0"
    root = {}
    for key, offset in offsets.items():
        node = root
        for byte in key:
            node = node.setdefault(byte, {})
        node[0] = offset
    units, used = {}, {0}

    def place(position, node, label):
        base = 1
        while any((base ^ b) in used or (base ^ b) == position for b in node):
            base += 1
        for byte in node:
            used.add(base ^ byte)
        delta = position ^ base
        assert delta < 1 << 21
        units[position] = delta << 10 | (1 << 8 if 0 in node else 0) | label
        for byte, child in node.items():
            if byte == 0:
                units[base] = child | 1 << 31
            else:
                place(base ^ byte, child, byte)

    place(0, root, 0)
    trie = b"".join(struct.pack("<I", units.get(i, 0)) for i in range((max(units) | 255) + 1))
    return base64.b64encode(struct.pack("<I", len(trie)) + trie + texts).decode()


def emit(name, model=PLAIN, texts=TEXTS, pairs=False, **parts):
    tokenizer = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None, "pre_tokenizer": None,
                 "post_processor": None, "decoder": None}
    tokenizer.update(parts)
    tokenizer["model"] = model
    cases = [{"text": text} for text in texts]
    if pairs:
        cases += [{"text": "Hello the", "pair": "a b"}, {"text": "a", "pair": ""}, {"text": "ab ab ab", "pair": "the 12 345"}]
    json.dump({"name": name, "tokenizer": tokenizer, "cases": cases}, sys.stdout, ensure_ascii=False)
    print()


def main():
    kind = lambda name, **fields: {"type": name, **fields}
    # normalizers
    for name in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt", "ByteLevel"):
        emit("normalizer_" + name, normalizer=kind(name))
    emit("normalizer_Bert", normalizer=kind("BertNormalizer", clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True))
    emit("normalizer_Bert_cased", normalizer=kind("BertNormalizer", clean_text=True, handle_chinese_chars=False, strip_accents=True, lowercase=False))
    emit("normalizer_Strip", normalizer=kind("Strip", strip_left=True, strip_right=True))
    emit("normalizer_Strip_left", normalizer=kind("Strip", strip_left=True, strip_right=False))
    emit("normalizer_Prepend", normalizer=kind("Prepend", prepend="▁"))
    emit("normalizer_Replace_String", normalizer=kind("Replace", pattern={"String": " "}, content="▁"))
    emit("normalizer_Replace_Regex", normalizer=kind("Replace", pattern={"Regex": r"\s+"}, content="▁▁"))
    emit("normalizer_Precompiled", normalizer=kind("Precompiled", precompiled_charsmap=charsmap()))
    emit("normalizer_Sequence", normalizer=kind("Sequence", normalizers=[kind("NFD"), kind("StripAccents"), kind("Lowercase"), kind("Prepend", prepend="▁")]))
    # pre-tokenizers
    for name in ("BertPreTokenizer", "Whitespace", "WhitespaceSplit", "UnicodeScripts"):
        emit("pre_tokenizer_" + name, WORDLEVEL, pre_tokenizer=kind(name))
    for prefix in (False, True):
        for regex in (False, True):
            emit(f"pre_tokenizer_ByteLevel_prefix_{prefix}_regex_{regex}", BYTE_LEVEL, decoder=kind("ByteLevel", add_prefix_space=True, trim_offsets=True, use_regex=True),
                 pre_tokenizer=kind("ByteLevel", add_prefix_space=prefix, trim_offsets=True, use_regex=regex))
    for behavior in ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"):
        emit("pre_tokenizer_Split_" + behavior, WORDLEVEL, pre_tokenizer=kind("Split", pattern={"Regex": r"\s|[,!]"}, behavior=behavior, invert=False))
        emit("pre_tokenizer_Punctuation_" + behavior, WORDLEVEL, pre_tokenizer=kind("Punctuation", behavior=behavior))
    emit("pre_tokenizer_Split_String", WORDLEVEL, pre_tokenizer=kind("Split", pattern={"String": "l"}, behavior="Isolated", invert=False))
    emit("pre_tokenizer_Split_invert", WORDLEVEL, pre_tokenizer=kind("Split", pattern={"Regex": r"\w+|[^\w\s]+"}, behavior="Removed", invert=True))
    emit("pre_tokenizer_CharDelimiterSplit", WORDLEVEL, pre_tokenizer=kind("CharDelimiterSplit", delimiter=" "))
    emit("pre_tokenizer_Digits", WORDLEVEL, pre_tokenizer=kind("Digits", individual_digits=False))
    emit("pre_tokenizer_Digits_individual", WORDLEVEL, pre_tokenizer=kind("Digits", individual_digits=True))
    emit("pre_tokenizer_FixedLength", WORDLEVEL, pre_tokenizer=kind("FixedLength", length=3))
    emit("pre_tokenizer_Sequence", WORDLEVEL, pre_tokenizer=kind("Sequence", pretokenizers=[kind("WhitespaceSplit"), kind("Punctuation", behavior="Isolated"), kind("Digits", individual_digits=True)]))
    emit("pre_tokenizer_Metaspace_old", UNIGRAM, pre_tokenizer=kind("Metaspace", replacement="▁", add_prefix_space=True), decoder=kind("Metaspace", replacement="▁", add_prefix_space=True))
    for scheme in ("always", "first", "never"):
        for split in (False, True):
            emit(f"pre_tokenizer_Metaspace_{scheme}_{split}", UNIGRAM, pre_tokenizer=kind("Metaspace", replacement="▁", prepend_scheme=scheme, split=split),
                 decoder=kind("Metaspace", replacement="▁", prepend_scheme=scheme, split=split), added_tokens=added(("<x>", "special")))
    # models
    emit("model_BPE_fuse_unk", bpe([("a", "b")], "abl", unk_token="<unk>", fuse_unk=True))
    emit("model_BPE_no_unk", bpe([("a", "b")], "abl"))
    emit("model_BPE_byte_fallback", bpe([("a", "b"), ("<0xF0>", "<0x9F>")], list("abl ") + [f"<0x{b:02X}>" for b in range(256)], unk_token="<unk>", byte_fallback=True, fuse_unk=True),
         decoder=kind("Sequence", decoders=[kind("Replace", pattern={"String": "▁"}, content=" "), kind("ByteFallback"), kind("Fuse"), kind("Strip", content=" ", start=1, stop=0)]))
    emit("model_BPE_ignore_merges", {**bpe([("a", "b")], list("abl") + ["abl", "Hello"]), "ignore_merges": True}, pre_tokenizer=kind("Whitespace"))
    suffixed = [c + "</w>" for c in "aboelt!dx2"]
    emit("model_BPE_end_of_word", bpe([("l", "l"), ("ll", "o</w>"), ("a", "b</w>")], CHARACTERS + suffixed, unk_token="<unk>", end_of_word_suffix="</w>"), pre_tokenizer=kind("Whitespace"), decoder=kind("BPEDecoder", suffix="</w>"))
    emit("model_BPE_prefix", bpe([("##l", "##l"), ("a", "##b"), ("##ll", "##o")], CHARACTERS + ["##" + c for c in "aboelt!dx2"], unk_token="<unk>", continuing_subword_prefix="##"), pre_tokenizer=kind("Whitespace"))
    pairs = bpe([("t", "h"), ("th", "e"), (" ", "the")], CHARACTERS, unk_token="<unk>")
    pairs["merges"] = [["t", "h"], ["th", "e"], [" ", "the"]]
    emit("model_BPE_merges_as_pairs", pairs)
    untyped = dict(BYTE_LEVEL)
    del untyped["type"]
    emit("model_BPE_untyped", untyped, pre_tokenizer=kind("ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True))
    emit("model_WordPiece", WORDPIECE, normalizer=kind("BertNormalizer", clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True), pre_tokenizer=kind("BertPreTokenizer"), decoder=kind("WordPiece", prefix="##", cleanup=True))
    emit("model_Unigram", UNIGRAM)
    emit("model_Unigram_byte_fallback", {**UNIGRAM, "byte_fallback": True, "vocab": UNIGRAM["vocab"] + [[f"<0x{b:02X}>", -30.0] for b in range(256)]}, decoder=kind("ByteFallback"))
    emit("model_WordLevel", WORDLEVEL, pre_tokenizer=kind("Whitespace"), decoder=kind("CTC", pad_token="a", word_delimiter_token="|", cleanup=True))
    # post-processors
    bert = kind("BertProcessing", sep=["[SEP]", 3], cls=["[CLS]", 2])
    roberta = kind("RobertaProcessing", sep=["</s>", 2], cls=["<s>", 0], trim_offsets=True, add_prefix_space=False)
    template = kind("TemplateProcessing", single=[{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                    pair=[{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 3}}, {"Sequence": {"id": "B", "type_id": 1}}],
                    special_tokens={"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}, "</s>": {"id": "</s>", "ids": [2, 3], "tokens": ["</s>", "x"]}})
    byte_level = kind("ByteLevel", add_prefix_space=True, trim_offsets=True, use_regex=True)
    pre = kind("ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True)
    for name, processor in (("Bert", bert), ("Roberta", roberta), ("Template", template), ("ByteLevel", byte_level), ("Sequence", kind("Sequence", processors=[byte_level, template]))):
        emit("post_processor_" + name, BYTE_LEVEL, pairs=True, pre_tokenizer=pre, post_processor=processor)
    emit("post_processor_none", BYTE_LEVEL, pairs=True, pre_tokenizer=pre)
    # truncation
    for strategy in ("LongestFirst", "OnlyFirst", "OnlySecond"):
        for direction in ("Left", "Right"):
            texts = [] if strategy == "OnlySecond" else TEXTS
            emit(f"truncation_{strategy}_{direction}", WORDLEVEL, texts, pairs=strategy == "LongestFirst", pre_tokenizer=kind("Whitespace"), post_processor=bert,
                 truncation={"max_length": 5, "strategy": strategy, "stride": 0, "direction": direction})
    # added tokens
    for flags in ("", "special", "normalized", "lstrip", "rstrip", "single_word", "lstrip rstrip normalized special", "single_word normalized"):
        emit("added_tokens_" + (flags.replace(" ", "_") or "plain"), added_tokens=added(("<x>", flags), ("<Mask>", flags), ("zz", flags), ("é", flags), ("ab", flags)), normalizer=kind("Sequence", normalizers=[kind("NFD"), kind("Lowercase")]))
    # decoders
    for name, decoder in (("Fuse", kind("Fuse")), ("Strip", kind("Strip", content="H", start=2, stop=0)), ("Replace_Regex", kind("Replace", pattern={"Regex": "[el]+"}, content="_")),
                          ("WordPiece", kind("WordPiece", prefix="##", cleanup=False)), ("none", None)):
        emit("decoder_" + name, decoder=decoder)


main()
