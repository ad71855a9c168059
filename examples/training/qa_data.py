"""Generated episodes: facts about made-up names, questions and answers.

A name is one of `FIRST` followed by one of `LAST`. A hash of the name decides
whether it may occur in training or is held out, so the held-out episodes are
about names never seen in training (though their syllables were).
"""

import zlib
from dataclasses import dataclass
from itertools import product
from random import Random

from qa_bpe import Tokenizer

FORMS = [
    ("the harbour master of {p} is {n} .", "who is the harbour master of {p} ?"),
    ("the old bridge of {p} was built by {n} .", "who built the old bridge of {p} ?"),
    ("the founder of {p} was {n} .", "who was the founder of {p} ?"),
    ("the river {p} flows into {n} .", "where does the river {p} flow ?"),
    ("the miller of {p} lives in {n} .", "where does the miller of {p} live ?"),
    ("the ship {p} was named after {n} .", "after whom was the ship {p} named ?"),
    ("the road from {p} leads to {n} .", "where does the road from {p} lead ?"),
    ("the song about {p} was written by {n} .", "who wrote the song about {p} ?"),
    ("the twin town of {p} is {n} .", "what is the twin town of {p} ?"),
    ("the valley of {p} is ruled by {n} .", "who rules the valley of {p} ?"),
]
RESERVED = {"Velmora", "Tessin", "Karst", "Orlan", "Brenholt", "Sarvik", "Dolmere", "Fennick"}


def syllables() -> tuple[list[str], list[str]]:
    """The first and the last syllables of names."""
    picker = Random(11)
    first = [a + b + c for a, b, c in product(
        ["", "B", "Br", "D", "F", "G", "Gr", "H", "K", "L",
         "M", "N", "P", "R", "S", "T", "Tr", "V", "W"],
        "aeiou", "lnrs")]
    first = [part.capitalize() for part in first]
    last = [a + b for a, b in product(
        ["b", "d", "f", "g", "h", "k", "l", "m", "n", "s", "t", "v", "w", "z"],
        ["an", "ar", "en", "ek", "era", "ick", "ik", "in", "ora", "olt", "os", "ul", "ovy"])]
    keep_first = ["Vel", "Tes", "Kar", "Or", "Bren", "Sar", "Dol", "Fen"]
    keep_last = ["mora", "sin", "st", "lan", "holt", "vik", "mere", "nick"]
    first = sorted({*picker.sample(first, 350), *keep_first})
    last = sorted({*picker.sample(last, 160), *keep_last})
    return first, last


FIRST, LAST = syllables()


def held_out(name: str) -> bool:
    """Whether a name is kept for the evaluation (about one in five)."""
    return name in RESERVED or zlib.crc32(name.encode()) % 5 == 0


def names(evaluation: bool) -> list[str]:
    """All names of training, or all names held out."""
    every = (first + last for first, last in product(FIRST, LAST))
    return [name for name in every if held_out(name) == evaluation]


def tokenizer_text() -> str:
    """Text to learn the merges on: the forms, and syllables set apart by hyphens.

    No whole name occurs in it, so every name splits into at least two tokens.
    """
    words = "".join(f"{fact} question : {query} answer : " for fact, query in FORMS)
    words = words.replace(" {p}", "").replace(" {n}", "")
    parts = [f" {first}-{last}" for first, last in product(FIRST, LAST)]
    return "\n".join([words] * 50) + "".join(parts)


@dataclass(frozen=True)
class Fact:
    """One fact: its form, what it is about and the name it holds."""

    form: int
    place: str
    name: str

    @property
    def statement(self) -> str:
        return FORMS[self.form][0].format(p=self.place, n=self.name)

    @property
    def question(self) -> str:
        return "question : " + FORMS[self.form][1].format(p=self.place) + " answer :"


def make_facts(rng: Random, pool: list[str], count: int) -> list[Fact]:
    """`count` facts whose questions have one answer each.

    Three episodes in ten use two forms only, so that many facts differ in the
    name alone; one in five says two different things about the same place.
    """
    forms = rng.sample(range(len(FORMS)), 2) if rng.random() < 0.3 else range(len(FORMS))
    chosen = rng.sample(pool, 2 * count)
    facts = [Fact(rng.choice(forms), chosen[2 * i], chosen[2 * i + 1]) for i in range(count)]
    if rng.random() < 0.2 and facts[0].form != facts[-1].form:
        facts[-1] = Fact(facts[-1].form, facts[0].place, facts[-1].name)
    return rng.sample(facts, count)


def prompt_segments(facts: list[Fact], asked: int) -> list[str]:
    """The segments whose plain concatenation is the prompt: facts, then the question.

    A segment but the first opens with a space, as the tokens of its first word do.
    """
    first, *others = [fact.statement for fact in facts] + [facts[asked].question]
    return [first, *(" " + other for other in others)]


class Sequence:
    """A training sequence under construction.

    ids: the tokens. weights[t], groups[t]: loss weight of token t as a target
    and the number of the answer that it belongs to (-1: not a target).
    firsts[t]: token t opens the asked-for name of an answer.
    """

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.weights: list[float] = []
        self.groups: list[int] = []
        self.firsts: list[bool] = []

    def add(self, ids: list[int], group: int = -1, lead: float = 1.0, first: bool = False) -> None:
        """Appends tokens; with a group they are targets, the first one weighing `lead`."""
        target = group >= 0
        self.ids += ids
        self.weights += [lead if target else 0.0] + [float(target)] * (len(ids) - 1)
        self.groups += [group] * len(ids)
        self.firsts += [first] + [False] * (len(ids) - 1)


def pairs_sequence(rng: Random, pool: list[str], tokenizer: Tokenizer, count: int) -> Sequence:
    """Warm-up: "A is B ." pairs, then the same pairs in another order (the targets)."""
    chosen = rng.sample(pool, 2 * count)
    pairs = list(zip(chosen[::2], chosen[1::2]))
    sequence = Sequence()
    for left, right in pairs:
        sequence.add(tokenizer.encode(f" {left} is {right} ."))
    for group, (left, right) in enumerate(rng.sample(pairs, count)):
        sequence.add(tokenizer.encode(f" {left} is"))
        sequence.add(tokenizer.encode(f" {right}"), group, first=True)
        sequence.add(tokenizer.encode(" ."))
    return sequence


def episode_sequence(
    facts: list[Fact], asked: list[int], tokenizer: Tokenizer, lead: float
) -> Sequence:
    """Facts, then the questions `asked` with their answers, each closed by the end token.

    The tokens of the answers are the targets; first sub-words of names weigh `lead`.
    """
    sequence = Sequence()
    sequence.add(tokenizer.encode(" ".join(fact.statement for fact in facts)))
    for group, index in enumerate(asked):
        fact = facts[index]
        opening, rest = FORMS[fact.form][0].split(" {p}")
        middle, ending = rest.split(" {n}")
        sequence.add(tokenizer.encode(" " + fact.question))
        sequence.add(tokenizer.encode(" " + opening), group)
        sequence.add(tokenizer.encode(" " + fact.place), group, lead)
        sequence.add(tokenizer.encode(middle), group)
        sequence.add(tokenizer.encode(" " + fact.name), group, lead, first=True)
        sequence.add([*tokenizer.encode(ending), tokenizer.eos], group)
    return sequence


def evaluation_set(seed: int, count: int) -> list[tuple[list[Fact], int]]:
    """Held-out episodes of 3 to 6 facts about held-out names, and the fact asked for."""
    rng = Random(seed)
    pool = names(evaluation=True)
    episodes = []
    for _ in range(count):
        facts = make_facts(rng, pool, rng.randint(3, 6))
        episodes.append((facts, rng.randrange(len(facts))))
    return episodes
