"""Simple arithmetic in a text: numbers in digits or words, and signs or words between them."""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal, DivisionByZero, InvalidOperation, localcontext
from itertools import islice
from typing import NamedTuple

from emulator.core.regexes import late

_READ = 2_000
_MOST = 20
"""Numbers of one calculation."""
UP_TO_TWELVE = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
"""The words of the numbers from one to twelve."""
_SMALL = ["zero", *UP_TO_TWELVE]
_SMALL += ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORDS = {word: number for number, word in enumerate(_SMALL)} | {
    word: 10 * number for number, word in enumerate(_TENS, 2)
}
_SPELLED = "|".join(sorted([*_WORDS, "hundred", "thousand"], key=len, reverse=True))
_SIGNS = {
    **dict.fromkeys(["+", "plus", "added to"], "+"),
    **dict.fromkeys(["-", "−", "minus"], "-"),
    **dict.fromkeys(["*", "×", "x", "times", "multiplied by"], "*"),
    **dict.fromkeys(["/", "÷", "divided by", "over"], "/"),
}
_BINARY = ("+", "-", "*", "/")
_NUMBER = r"\d{1,3}(?:,\d{3}){1,3}|\d{1,12}(?:\.\d{1,6})?"
_OPERAND = rf"(?:{_NUMBER}|(?:\b(?:{_SPELLED})\b)(?:[\s-]+(?:and\s+)?(?:{_SPELLED})\b){{0,4}})"
_SIGN = "|".join(re.escape(sign) if len(sign) == 1 else rf"\b{sign}\b" for sign in _SIGNS)
_A_DATE = late(r"\d-\d+-\d|\d/\d+/\d|(?<![\d.,])0\d")
"""What is a date or a number of a telephone."""
_DONE = {"multiply": "*", "divide": "/", "add": "+", "subtract": "-"}
_OF = {"sum": "+", "total": "+", "product": "*", "difference": "-", "quotient": "/"}
_TELLING = frozenset([*_DONE, *_OF, *(sign.split()[0] for sign in _SIGNS)])
_SIGN_CHARACTERS = [sign for sign in _SIGNS if not sign[0].isalpha()]
_TIMES = late(r"\d[xX]|[xX]\d")
_CALCULATION = late(
    rf"(?<![\w.-])\({{0,8}}-?{_OPERAND}(?:[)\s]{{0,8}}(?:{_SIGN})[(\s]{{0,8}}-?{_OPERAND}){{1,{_MOST}}}\){{0,8}}"
    r"(?![\w-]|\.\d)",
    re.IGNORECASE,
)
_TWO = rf"(?P<left>{_OPERAND})\s+and\s+(?P<right>{_OPERAND})"
_OF_TWO = late(rf"\b(?P<what>sum|total|product|difference|quotient)\s+(?:of|between)\s+{_TWO}", re.IGNORECASE)
_TO_DO = late(
    rf"\b(?P<what>multiply|divide|add|subtract)\s+(?P<left>{_OPERAND})\s+(?:by|and|to|with|from)\s+"
    rf"(?P<right>{_OPERAND})(?![\w-]|\.\d|\s*(?:,|and\b)\s*\w)",
    re.IGNORECASE,
)
_TOKEN = late(rf"{_OPERAND}|[()]|{_SIGN}", re.IGNORECASE)


class Calculation(NamedTuple):
    """A calculation in a text: its place, how it is written with signs, and its result."""

    start: int
    end: int
    written: str
    result: str


def count(word: str) -> int:
    """The number that digits, or one of the words up to twelve, say.

    >>> count("3"), count("Three")
    (3, 3)
    """
    return int(word) if word.isdigit() else _SMALL.index(word.lower())


def may_calculate(text: str, words: AbstractSet[str]) -> bool:
    """Whether a text with these words, in lower case, may have a calculation: it has a sign, or a word for one."""
    signed = any(map(text.__contains__, _SIGN_CHARACTERS)) or not words.isdisjoint(_TELLING)
    return signed or _TIMES.search(text) is not None


def calculation(text: str) -> Calculation | None:
    """Return the calculation in the beginning of a text, or None if there is none, or more than one.

    >>> calculation("What is two plus 3 * (4 - 1)?")
    Calculation(start=8, end=28, written='2 + 3 * (4 - 1)', result='11')
    """
    text = text[:_READ]
    if found := _OF_TWO.search(text):
        return _calculated(found, [found["left"], _OF[found["what"].lower()], found["right"]])
    if found := _TO_DO.search(text):
        what, numbers = found["what"].lower(), [found["left"], found["right"]]
        left, right = numbers[::-1] if what == "subtract" else numbers
        return _calculated(found, [left, _DONE[what], right])
    calculations = list(islice(_CALCULATION.finditer(text), 2))
    return _calculated(calculations[0], _TOKEN.findall(calculations[0][0])) if len(calculations) == 1 else None


def _calculated(found: re.Match[str], words: Sequence[str]) -> Calculation | None:
    tokens = [_SIGNS.get(word.lower()) or (word if word in "()" else _digits(word)) for word in words]
    if _A_DATE.search(found[0]) or tokens.count("(") != tokens.count(")"):
        return None
    try:
        value, rest = _sum(tokens)
    except IndexError:  # it ends with a sign
        return None
    return None if value is None or rest else Calculation(found.start(), found.end(), _written(tokens), _shown(value))


def _written(tokens: Sequence[str]) -> str:
    """The calculation with spaces around the signs between numbers."""
    parts: list[str] = []
    ended = False  # whether what is written ends with an operand
    for token in tokens:
        binary = ended and token in _BINARY
        parts.append(f" {token} " if binary else token)
        ended = token not in (*_BINARY, "(")
    return "".join(parts)


def _sum(tokens: Sequence[str]) -> tuple[Decimal | None, Sequence[str]]:
    value, rest = _product(tokens)
    while rest and (sign := rest[0]) in ("+", "-"):
        right, rest = _product(rest[1:])
        value = _applied(sign, value, right)
    return value, rest


def _product(tokens: Sequence[str]) -> tuple[Decimal | None, Sequence[str]]:
    value, rest = _factor(tokens)
    while rest and (sign := rest[0]) in ("*", "/"):
        right, rest = _factor(rest[1:])
        value = _applied(sign, value, right)
    return value, rest


def _factor(tokens: Sequence[str]) -> tuple[Decimal | None, Sequence[str]]:
    first, rest = tokens[0], tokens[1:]
    if first == "(":
        value, rest = _sum(rest)
        return value, rest[1:]
    if first == "-":
        value, rest = _factor(rest)
        return None if value is None else -value, rest
    return (None if first in "+*/)" else Decimal(first.replace(",", ""))), rest


def _applied(sign: str, left: Decimal | None, right: Decimal | None) -> Decimal | None:
    if left is None or right is None or (sign == "/" and not right):
        return None
    with localcontext(prec=60) as context:
        context.traps[InvalidOperation] = context.traps[DivisionByZero] = False
        match sign:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case _:
                return left / right


def _digits(text: str) -> str:
    """A number in digits. In words, those of a hundred or more multiply what stands before them."""
    if text[0].isdigit():
        return text
    total = part = 0
    for word in re.findall(r"[a-z]+", text.lower()):
        if word == "thousand":
            total, part = total + (part or 1) * 1_000, 0
        elif word != "and":
            part = (part or 1) * 100 if word == "hundred" else part + _WORDS[word]
    return str(total + part)


def _shown(value: Decimal) -> str:
    text = f"{round(value, 6) if abs(value) < 10**40 else value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
