#!/usr/bin/env python3
"""Writes 1 MB of mixed text for the tokenizer benchmarks to standard output: prose, code, other scripts."""
import random
import sys

random.seed(7)
SYLLABLES = ["ka", "ro", "ti", "mel", "vor", "an", "sel", "dra", "quin", "osh", "ple", "ber", "stu", "nia", "the", "ing"]
WORDS = ["".join(random.choice(SYLLABLES) for _ in range(random.choice((1, 2, 2, 3)))) for _ in range(4000)]
COMMON = "the of and to in a is that for it as was with be by on not he his but at are this have from or had an they".split()
OTHER = ["Привет, как дела?", "今天天气很好。", "東京は日本の首都です。", "مرحبا بالعالم", "नमस्ते दुनिया", "naïve café, déjà vu", "👍🏽 🎉 😀", "Größe über Maß", "한국어 문장입니다."]
CODE = ["for (int i = 0; i < n; ++i) {", "    return x[i] * 3.14159;", "def f(x, y=None):", "if (a != b && c >= 10) { d = \"text\"; }"]


def line():
    kind = random.random()
    if kind < 0.12:
        return random.choice(CODE)
    if kind < 0.3:
        return " ".join(random.choice(OTHER) for _ in range(random.randrange(1, 5)))
    words = [random.choice(COMMON) if random.random() < 0.5 else random.choice(WORDS) for _ in range(random.randrange(5, 30))]
    if random.random() < 0.3:
        words.insert(0, str(random.randrange(100000)))
    return " ".join(words).capitalize() + random.choice(".?!")


text = ""
parts = []
size = 0
while size < 1_000_000:
    parts.append(line())
    size += len(parts[-1].encode()) + 1
sys.stdout.write("\n".join(parts))
