"""Generated dates: written in many forms, with the characters of year, month and day known.

A hash of the date decides whether it may occur in training or is held out, and
a hash of the form (its parts, not its words) does the same for forms. A string
means one date, so a held-out date brings strings never seen in training.
Two-digit years mean 1950 to 2049. Numeric forms with the year last occur only
where they mean one date: the day is past 12, or it is the month's number.
"""

import zlib
from dataclasses import astuple, dataclass
from datetime import date, timedelta
from random import Random

MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August",
          "September", "October", "November", "December"]
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
SHORT_WEEKDAYS = ["Mon", "Tues", "Wed", "Thurs", "Fri", "Sat", "Sun"]
UNITS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
         "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth",
         "seventeenth", "eighteenth", "nineteenth", "twentieth"]
RESERVED = {date(1987, 3, 3), date(2006, 2, 14), date(1995, 6, 21)}
PIVOT = 50
FIRST, LAST = date(1000, 1, 1), date(2999, 12, 31)
SHORT_FIRST, SHORT_LAST = date(1900 + PIVOT, 1, 1), date(1999 + PIVOT, 12, 31)

# {d} day, {m} month, {y} year, {w} weekday; what is listed twice is drawn twice as often.
NAMED_TEMPLATES = ["{d} {m} {y}", "{d} {m}, {y}", "{d}-{m}-{y}", "{d}/{m}/{y}", "{d} of {m} {y}",
                   "{d} of {m}, {y}", "the {d} of {m} {y}", "the {d} of {m}, {y}", "{m} {d} {y}",
                   "{m} {d}, {y}", "{m} the {d}, {y}", "{m}-{d}-{y}", "{y} {m} {d}", "{y}-{m}-{d}",
                   "{y}, {m} {d}"]
YEAR_FIRST_TEMPLATES = ["{y}-{m}-{d}", "{y}/{m}/{d}", "{y}.{m}.{d}", "{y}{m}{d}", "{y} {m} {d}"]
YEAR_LAST_TEMPLATES = ["{d}/{m}/{y}", "{d}.{m}.{y}", "{d}-{m}-{y}", "{m}/{d}/{y}", "{m}-{d}-{y}"]
JOINED_DAYS = ["plain", "padded", "ordinal"]
DAYS_WITH_OF = ["ordinal", "word-", "word "]
SPACED_DAYS = ["plain", "plain", "padded", "ordinal", "ordinal", "word-"]
WEEKDAY_TEMPLATES = ["{w} ", "{w}, ", "on {w}, ", "on {w} "]


def ordinal_suffix(number: int) -> str:
    """1 -> "st", 2 -> "nd", 12 -> "th"."""
    return "th" if number in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def ordinal_word(number: int, joint: str) -> str:
    """21 -> "twenty-first" where `joint` is "-"."""
    if number <= 20:
        return UNITS[number - 1]
    if number == 30:
        return "thirtieth"
    return ("twenty" if number < 30 else "thirty") + joint + UNITS[number % 10 - 1]


def weekday_text(style: str, number: int) -> str:
    if style == "full":
        return WEEKDAYS[number]
    return SHORT_WEEKDAYS[number] + ("." if style == "short." else "")


def day_text(style: str, number: int) -> str:
    if style == "ordinal":
        return f"{number}{ordinal_suffix(number)}"
    if style.startswith("word"):
        return ordinal_word(number, "-" if style == "word-" else " ")
    return f"{number:02}" if style == "padded" else str(number)


def month_text(style: str, number: int) -> str:
    name = MONTHS[number - 1]
    if style in ("plain", "padded"):
        return f"{number:02}" if style == "padded" else str(number)
    if style == "name" or len(name) < 4:
        return name
    length = 4 if style.startswith("sept") and number == 9 else 3
    return name[:length] + ("." if style.endswith(".") else "")


def year_text(style: str, year: int) -> str:
    return str(year) if style == "full" else style + f"{year % 100:02}"


@dataclass(frozen=True)
class Form:
    """How a date is written: a template and the style of each of its parts."""

    weekday: str  # one of WEEKDAY_TEMPLATES, or ""
    weekday_style: str  # "full", "short" or "short."
    template: str  # of the rest
    day: str  # "plain" (3), "padded" (03), "ordinal" (3rd), "word-" (twenty-first) or "word " (twenty first)
    month: str  # "plain", "padded", "name", "short", "short." or "sept" (short, but not Sep)
    year: str  # "full", or what stands before two digits: an apostrophe or nothing
    case: str  # "as is", "lower" or "upper"

    @property
    def numeric_year_last(self) -> bool:
        return self.month in ("plain", "padded") and not self.template.startswith("{y}")

    @property
    def held_out(self) -> bool:
        """Whether the form is kept for the evaluation (about one in ten)."""
        return zlib.crc32(repr(astuple(self)).encode()) % 10 == 0


@dataclass(frozen=True)
class WrittenDate:
    """A text, the date that it means, and the part of each character: "y", "m", "d" or "-" for the rest."""

    text: str
    parts: str
    day: date
    form: Form

    @property
    def iso(self) -> str:
        return self.day.isoformat()

    @property
    def swappable(self) -> bool:
        """Day and month are the same number, so that nothing tells which is which."""
        return self.form.numeric_year_last and self.day.day == self.day.month


def held_out(day: date) -> bool:
    """Whether a date is kept for the evaluation (about one in ten)."""
    return day in RESERVED or zlib.crc32(day.isoformat().encode()) % 10 == 0


def named_styles(rng: Random, template: str) -> tuple[str, str, str]:
    """Styles of day, month and year where the month is in letters."""
    if "-" in template or "/" in template:
        days, months = JOINED_DAYS, ["name", "short", "short"]
    else:
        days = DAYS_WITH_OF if "the" in template or " of " in template else SPACED_DAYS
        months = ["name", "short", "short.", "sept"]
    day, month = rng.choice(days), rng.choice(months)
    year = rng.choice(["full", "full", "full", "'", "’", ""])
    return day, month, "full" if template.startswith("{y}") else year


def random_form(rng: Random) -> Form:
    """A form: one in six is numeric with the year first, one in six numeric with the year last."""
    kind = rng.choice(["named"] * 4 + ["year first", "year last"])
    weekday, weekday_style = "", "full"
    if kind == "named":
        template = rng.choice(NAMED_TEMPLATES)
        day, month, year = named_styles(rng, template)
    elif kind == "year first":
        template, year = rng.choice(YEAR_FIRST_TEMPLATES), "full"
        day = month = "padded" if template == "{y}{m}{d}" else rng.choice(["plain", "padded", "padded"])
    else:
        template, year = rng.choice(YEAR_LAST_TEMPLATES), "full"
        day = month = rng.choice(["plain", "padded"])
    if kind != "year first" and rng.random() < 0.35:
        weekday = rng.choice(WEEKDAY_TEMPLATES)
        weekday_style = rng.choice(["full", "full", "short", "short."])
    case = rng.choice(["as is"] * 3 + ["lower", "upper"])
    return Form(weekday, weekday_style, template, day, month, year, case)


def random_day(rng: Random, form: Form) -> date:
    """A date that the form can write without doubt: half of all, and all two-digit years, near the pivot."""
    short = form.year != "full" or rng.random() < 0.5
    first, last = (SHORT_FIRST, SHORT_LAST) if short else (FIRST, LAST)
    while True:
        day = first + timedelta(rng.randrange((last - first).days + 1))
        if not form.numeric_year_last or day.day > 12 or day.day == day.month:
            return day


def write(form: Form, day: date) -> WrittenDate:
    """The text of a date in a form."""
    texts = {
        "d": day_text(form.day, day.day),
        "m": month_text(form.month, day.month),
        "y": year_text(form.year, day.year),
        "w": weekday_text(form.weekday_style, day.weekday()),
    }
    text, parts = "", ""
    pieces = (form.weekday + form.template).replace("{", "|{").replace("}", "}|").split("|")
    for piece in pieces:
        name = piece[1:-1] if piece.startswith("{") else ""
        written = texts.get(name, piece)
        text += written
        parts += (name if name in ("d", "m", "y") else "-") * len(written)
    text = {"lower": text.lower(), "upper": text.upper()}.get(form.case, text)
    return WrittenDate(text, parts, day, form)


def written_date(rng: Random, day_held_out: bool, form_held_out: bool) -> WrittenDate:
    """A date in a form, each of training or held out as asked."""
    while True:
        form = random_form(rng)
        if form.held_out == form_held_out:
            break
    while True:
        day = random_day(rng, form)
        if held_out(day) == day_held_out:
            return write(form, day)


def evaluation_set(seed: int, count: int, form_held_out: bool) -> list[WrittenDate]:
    """Held-out dates, all different strings, in forms of training or in held-out ones."""
    rng = Random(seed)
    chosen: dict[str, WrittenDate] = {}
    while len(chosen) < count:
        written = written_date(rng, True, form_held_out)
        chosen[written.text] = written
    return list(chosen.values())


def main() -> None:
    """Prints some examples, and checks that no string means two dates."""
    rng = Random(0)
    meanings: dict[str, date] = {}
    for index in range(300_000):
        written = written_date(rng, rng.random() < 0.1, rng.random() < 0.1)
        assert meanings.setdefault(written.text, written.day) == written.day, written
        if index < 25:
            print(f"{written.iso}  {written.text}\n            {written.parts}")
    print(f"{len(meanings)} strings, each with one meaning; longest {max(map(len, meanings))}")
    print("characters:", "".join(sorted(set("".join(meanings)))))


if __name__ == "__main__":
    main()
