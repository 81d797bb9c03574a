"""A condition read as the set of values that meet it, where that can be told from its text. Pure.

Told are literals, lists of them (`"a", "b"` or `$ in ["a", "b"]`), and what numbers and days are compared with or lie
between. Everything else is `Opaque`: it equals only a condition with the same text.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from math import inf
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Anything:
    """The column does not matter."""


@dataclass(frozen=True, slots=True)
class Texts:
    """One of these values, or, `negated`, any other."""

    values: frozenset[str]
    negated: bool = False


class Span(NamedTuple):
    """From `low` to `high`; a day counts as its ordinal."""

    low: float
    high: float
    with_low: bool
    with_high: bool

    def holds(self, value: float) -> bool:
        above = value > self.low or (self.with_low and value == self.low)
        return above and (value < self.high or (self.with_high and value == self.high))


@dataclass(frozen=True, slots=True)
class Spans:
    """Any of these; `days` tells days from numbers."""

    spans: tuple[Span, ...]
    days: bool


@dataclass(frozen=True, slots=True)
class Opaque:
    text: str


Condition = Anything | Texts | Spans | Opaque
_TOKEN = re.compile(
    r"""\s*(?:(?P<T>"[^"\\]*"|'[^'\\]*')|(?P<D>d\(\s*(?:"\d{4}-\d\d-\d\d"|'\d{4}-\d\d-\d\d')\s*\))"""
    r"""|(?P<N>-?\d+(?:\.\d+)?)|(?P<S>\.\.|>=|<=|==|!=|[<>\[\](),$]|not\s+in\b|in\b|and\b))\s*"""
)
_EITHER = "[TDN]"


class _Token(NamedTuple):
    sign: str
    text: str


def condition_of(text: str) -> Condition:
    """What a cell asks for; an empty one asks for nothing."""
    if not text:
        return Anything()
    tokens = _tokens(text)
    split = _split(tokens) if tokens else []
    mixed = len(split) > 1 and any(each.sign == "and" for each in tokens)  # ZEN binds the comma closer
    parts = [] if mixed else [_part(each) for each in split]
    return _any_of(parts) or Opaque(" ".join(text.split()))


def _tokens(text: str) -> list[_Token]:
    found, place = [], 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            return []
        kind = match.lastgroup or ""
        word = match.group(kind)
        found.append(_Token(" ".join(word.split()) if kind == "S" else kind, word))
        place = match.end()
    return found


def _split(tokens: Iterable[_Token]) -> list[list[_Token]]:
    """At the commas that stand in no brackets."""
    parts: list[list[_Token]] = [[]]
    depth = 0
    for each in tokens:
        depth += (each.sign in {"[", "("}) - (each.sign in {"]", ")"})
        if each.sign == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(each)
    return parts


def _part(tokens: list[_Token]) -> Texts | Spans | None:
    tokens = [each for each in tokens if each.sign != "$"]
    signs = "".join(each.sign for each in tokens)
    words = [each for each in tokens if each.sign in {"T", "D", "N"}]
    for shape, read in _SHAPES:
        if shape.fullmatch(signs):
            return read(signs, words) if len({each.sign for each in words}) == 1 else None
    return None


def _set(signs: str, words: list[_Token]) -> Texts | Spans | None:
    negated = signs.startswith(("!=", "not in"))
    if words[0].sign == "T":
        return Texts(frozenset(each.text[1:-1] for each in words), negated)
    if negated:
        return None
    points = [_number(each) for each in words]
    return (
        None if None in points else Spans(tuple(Span(p, p, True, True) for p in points if p is not None), _days(words))
    )


def _between(signs: str, words: list[_Token]) -> Texts | Spans | None:
    low, high = _number(words[0]), _number(words[1])
    if low is None or high is None or low > high:
        return None
    return Spans((Span(low, high, "[" in signs, "]" in signs),), _days(words))


def _compared(signs: str, words: list[_Token]) -> Texts | Spans | None:
    span = Span(-inf, inf, False, False)
    for sign, word in zip(re.findall("[<>]=?", signs), words, strict=True):
        bound = _number(word)
        if bound is None:
            return None
        span = _narrowed(span, sign, bound)
    return Spans((span,), _days(words))


def _narrowed(span: Span, sign: str, bound: float) -> Span:
    closed = sign.endswith("=")
    if sign.startswith(">"):
        return max(span, span._replace(low=bound, with_low=closed), key=lambda each: (each.low, not each.with_low))
    return min(span, span._replace(high=bound, with_high=closed), key=lambda each: (each.high, each.with_high))


def _number(word: _Token) -> float | None:
    """None for a day that no calendar has."""
    if word.sign == "N":
        return float(word.text)
    day = "".join(re.findall(r"[\d-]", word.text))
    try:
        return float(date.fromisoformat(day).toordinal())
    except ValueError:
        return None


def _days(words: list[_Token]) -> bool:
    return words[0].sign == "D"


def _any_of(parts: list[Texts | Spans | None]) -> Texts | Spans | None:
    texts = [each for each in parts if isinstance(each, Texts)]
    spans = [each for each in parts if isinstance(each, Spans)]
    if parts and len(texts) == len(parts):
        return _either(texts)
    if parts and len(spans) == len(parts) and len({each.days for each in spans}) == 1:
        return Spans(tuple(span for each in spans for span in each.spans), spans[0].days)
    return None


def _either(texts: list[Texts]) -> Texts:
    named = frozenset[str]().union(*(each.values for each in texts if not each.negated))
    refused = [each.values for each in texts if each.negated]
    return Texts(frozenset.intersection(*refused) - named, negated=True) if refused else Texts(named)


_SHAPES: tuple[tuple[re.Pattern[str], Callable[[str, list[_Token]], Texts | Spans | None]], ...] = (
    (re.compile(rf"(==|!=)?{_EITHER}"), _set),
    (re.compile(rf"(in|not in)?\[{_EITHER}(,{_EITHER})*\]"), _set),
    (re.compile(r"(in)?[\[(]N\.\.N[\])]"), _between),
    (re.compile(r"[<>]=?[DN](and[<>]=?[DN])?"), _compared),
)
