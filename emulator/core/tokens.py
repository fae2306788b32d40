"""The tokenizer: splits text into pieces, and converts between text and token ids.

A text is first split into chunks (words, numbers, punctuation, white space), and each chunk into the longest pieces in
the vocabulary. A chunk always has the same pieces. Every text can be split: each character of the Basic Multilingual
Plane is also a piece, and any other, such as an emoji, is split into several byte pieces.

The ids are fixed, in this order. A piece with `n` forms has `n` consecutive ids. Adding a piece at the end of its file
(in `data/`) changes no other id, because each section has spare ids; these are reserved, and their tokens have no
text.

- bytes: 256 bytes, and 64 beginnings of an emoji (the bytes F0 9F and one of 80 to BF)
- numbers: of two digits, of three digits
- fixed: English contractions and runs of white space
- words: words.txt, in 15 forms: after nothing, space, dot, underscore or parenthesis; lower case, Capital, UPPER CASE
- marks: marks.txt, in 6 forms: without and with a space before; 0, 1 or 2 line breaks after
- east: east.txt (Chinese, Japanese and Korean), in 2 forms: without and with a space before
- pairs: two characters of one alphabet (`chunks.ALPHABETS`), 128 x 128 for each
- characters: of the Basic Multilingual Plane, in 2 forms: without and with a space before
- `END`, which ends an answer and has no text
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, product
from pathlib import Path
from typing import NamedTuple, TypeAlias

import msgspec

from emulator.core.chunks import ALPHABETS, CHUNK, KIND, chunks
from emulator.core.regexes import late

_Token: TypeAlias = tuple[str, int]
_Form: TypeAlias = tuple[str, int, str]

_CASES: tuple[Callable[[str], str], ...] = (str.lower, str.capitalize, str.upper)
_FIXED_PIECES = (
    *("'s", "'t", "'re", "'ve", "'m", "'ll", "'d"),
    *(" " * length for length in range(2, 17)),
    *("\t" * length for length in range(2, 9)),
    *("\n" * length for length in range(2, 5)),
    *(" \n", "  \n", "\r\n", "\r\n\r\n"),
)


class _Section(NamedTuple):
    """A section of the vocabulary: its first id, its name, and the forms of its pieces.

    A form is (characters before, case, characters after); each piece has one id for each form.
    """

    start: int
    name: str
    forms: Mapping[_Form, int]


class _Pieces(NamedTuple):
    """The pieces of a section: their texts, and their numbers by text.

    `beginnings` has the first four characters of each piece. If a text begins with none of them, its piece is shorter.
    """

    texts: tuple[str, ...]
    numbers: Mapping[str, int]
    beginnings: frozenset[str]


def _section(start: int, name: str, leads: Sequence[str], cases: int = 1, tails: Sequence[str] = ("",)) -> _Section:
    return _Section(start, name, {form: number for number, form in enumerate(product(leads, range(cases), tails))})


_EMOJI = 256
_NUMBERS = _EMOJI + 64
_FIXED = _section(_NUMBERS + 100 + 1000, "fixed", [""])
_WORDS = _section(2_000, "words", ["", " ", ".", "_", "("], cases=3)
_MARKS = _section(_WORDS.start + 15 * 20_000, "marks", ["", " "], tails=["", "\n", "\n\n"])
_EAST = _section(_MARKS.start + 6 * 1_000, "east", ["", " "])
_SECTIONS = [(section, tuple(section.forms)) for section in (_FIXED, _WORDS, _MARKS, _EAST)]
_STARTS = [section.start for section, _ in _SECTIONS]
_PAIRS = _EAST.start + 2 * 2_000
_CHARACTERS = _PAIRS + 128 * 128 * len(ALPHABETS)
END = _CHARACTERS + 2 * 0x10000
VOCABULARY_SIZE = END + 1

_SURROGATE = late("[\ud800-\udfff]")
_LONGEST = 16
_PASSAGE = 1 << 13
_SHORT = 32
_REMEMBERED = 1 << 14


class Tokens(msgspec.Struct, frozen=True):
    """A text and its tokens. `"".join(pieces) == text`.

    A character of several tokens belongs to the last of them; the pieces of the others are empty.
    """

    text: str
    pieces: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.pieces)


EMPTY = Tokens("", ())


def split(text: str) -> Tokens:
    """Split a text into tokens.

    >>> split("The cat's 1234 🐱").pieces
    ('The', ' cat', "'s", ' ', '123', '4', ' ', '', '🐱')
    """
    return _remembered(text) if len(text) <= 8_192 else Tokens(text, pieces_of(text))


def measure(text: str) -> int:
    """The length of `split(text)`, without building it (see also `token_counts`)."""
    return sum(map(len, map(_pieces, chunks(text))))


def encode(text: str) -> list[int]:
    """Return the ids of a text's tokens. A lone surrogate, which is not a character, becomes U+FFFD."""
    return list(chain.from_iterable(map(_ids, chunks(_SURROGATE.sub("\ufffd", text)))))


def first_id(text: str) -> int:
    """Return the id of the first token of a text that is not empty."""
    return _ids(_SURROGATE.sub("\ufffd", CHUNK.match(text)[0]))[0]  # type: ignore[index] # every character matches


def identified(text: str) -> Iterator[tuple[int, str]]:
    """Yield the id and the piece of each token of a text, while it is read."""
    for ids, pieces in _read(text):
        yield from zip(ids, pieces, strict=True)


def ids_of(tokens: Tokens) -> Iterator[int]:
    """Yield the ids of these tokens, one for each. Text that was cut inside a token is encoded piece by piece."""
    at = 0
    for ids, pieces in _read(tokens.text):
        if tokens.pieces[at : at + len(pieces)] != pieces:
            break
        yield from ids
        at += len(pieces)
    yield from (encode(piece)[-1] if piece else 0 for piece in tokens.pieces[at:])


def decode(ids: Sequence[int]) -> str:
    """Return the text of these token ids; bytes that are not valid UTF-8 become U+FFFD.

    Raises ValueError for an id that is not in the vocabulary.
    """
    return b"".join(map(piece_bytes, ids)).decode("utf-8", "replace")


@lru_cache(maxsize=4_096)
def piece_bytes(id: int) -> bytes:
    """Return the UTF-8 bytes of a token, possibly part of a character; empty for `END` and for a reserved id.

    Raises ValueError for an id that is not in the vocabulary.
    """
    if not 0 <= id < VOCABULARY_SIZE:
        raise ValueError(f"there is no token with the id {id}: ids go from 0 to {END}")
    if id < _EMOJI:
        return bytes([id])
    if id < _NUMBERS:
        return bytes([0xF0, 0x9F, 0x80 + id - _EMOJI])
    return _SURROGATE.sub("\ufffd", _text(id)).encode()


# ---------------------------------------------------------------------------------------------- text -> tokens


@lru_cache(maxsize=256)
def _remembered(text: str) -> Tokens:
    return Tokens(text, pieces_of(text))


def pieces_of(text: str) -> tuple[str, ...]:
    """Return the pieces of `split(text)`."""
    words = text.split() if len(text) <= _PASSAGE else []
    lead = " " if text.startswith(" ") else ""
    if not words or lead + " ".join(words) != text:
        return _pieces_in(text)
    following = map(_FOLLOWING.__getitem__, words if lead else words[1:])  # each of its spaces begins a chunk
    return tuple(chain.from_iterable(following if lead else (_BEGINNING[words[0]], *following)))


def _pieces_in(text: str) -> tuple[str, ...]:
    return tuple(chain.from_iterable(map(_pieces, chunks(text))))


class _Words(dict[str, tuple[str, ...]]):
    """The pieces of words behind `lead`. Those of short words are remembered."""

    def __init__(self, lead: str) -> None:
        super().__init__()
        self._lead = lead

    def __missing__(self, word: str) -> tuple[str, ...]:
        if len(word) > _SHORT:
            return _pieces_in(self._lead + word)
        if len(self) >= _REMEMBERED:
            self.clear()
        return self.setdefault(word, _pieces_in(self._lead + word))


_BEGINNING = _Words("")
_FOLLOWING = _Words(" ")


def _read(text: str) -> Iterator[tuple[tuple[int, ...], tuple[str, ...]]]:
    """Yield the ids and the pieces of each chunk. The id of a lone surrogate is that of U+FFFD."""
    for chunk, characters in zip(chunks(text), chunks(_SURROGATE.sub("\ufffd", text)), strict=True):
        yield _ids(characters), _pieces(chunk)


@lru_cache(maxsize=16_384)
def _pieces(chunk: str) -> tuple[str, ...]:
    if chunk.isascii() and chunk.isdigit():
        return (chunk,)
    return tuple([piece for piece, _ in _tokens(chunk)])


@lru_cache(maxsize=16_384)
def _ids(chunk: str) -> tuple[int, ...]:
    return tuple([id for _, id in _tokens(chunk)])


def _tokens(chunk: str) -> list[_Token]:
    found = KIND.match(chunk)
    match found.lastgroup if found else None:
        case "words":
            lead = chunk[0] if chunk[0] in " ._(" else ""
            return _cut(_WORDS, lead, chunk[len(lead) :])
        case "marks":
            lead = " " if chunk[0] == " " else ""
            body = chunk[len(lead) :].rstrip("\n")
            return _cut(_MARKS, lead, body, chunk[len(lead) + len(body) :])
        case "east":
            lead = " " if chunk[0] == " " else ""
            return _cut(_EAST, lead, chunk[len(lead) :])
        case "number" if len(chunk) > 1:
            return [(chunk, _NUMBERS + int(chunk) + (100 if len(chunk) == 3 else 0))]
        case _:
            return _cut(_FIXED, "", chunk)


def _cut(section: _Section, lead: str, body: str, tail: str = "") -> list[_Token]:
    """The tokens of a chunk; leading characters join its first piece and trailing ones its last, where possible."""
    key, case = _case(body) if section is _WORDS else (body, 0)
    tokens: list[_Token] = []
    for start, end, number in _longest(key, _pieces_of(section.name)):
        before = lead if start == 0 else ""
        if number is None:
            tokens += _spelled(body[start:end], before)
            continue
        after = tail if end == len(body) else ""
        form = section.forms[before, 0 if case == 1 and start else case, after]
        tokens.append((before + body[start:end] + after, section.start + number * len(section.forms) + form))
    return tokens if tokens[-1][0].endswith(tail) else tokens + _cut(_FIXED, "", tail)


def _case(body: str) -> tuple[str, int]:
    """The form to look a word up by, and the number of its case. A word in mixed case is looked up unchanged."""
    key = body.lower()
    if len(key) == len(body):
        for number, case in enumerate(_CASES):
            if case(key) == body:
                return key, number
    return body, 0


def _longest(text: str, known: _Pieces) -> Iterator[tuple[int, int, int | None]]:
    """The longest known pieces from left to right, and the text between them: start, end, number or None."""
    gap = start = 0
    while start < len(text):
        longest = _LONGEST if text[start : start + 4] in known.beginnings else 3
        for end in range(min(len(text), start + longest), start, -1):
            if (number := known.numbers.get(text[start:end])) is not None:
                if gap < start:
                    yield gap, start, None
                yield start, end, number
                gap = start = end
                break
        else:
            start += 1
    if gap < start:
        yield gap, start, None


def _spelled(text: str, lead: str) -> list[_Token]:
    """Split text without known pieces: into pairs of characters of an alphabet, or single characters."""
    tokens: list[_Token] = []
    if lead == " " and text[0] < "\U00010000":
        tokens, text = [(lead + text[0], _CHARACTERS + 2 * ord(text[0]) + 1)], text[1:]
    elif lead:
        tokens = _character(lead)
    while text:
        id = _pair(text[:2])
        tokens += _character(text[0]) if id is None else [(text[:2], id)]
        text = text[1 if id is None else 2 :]
    return tokens


def _pair(text: str) -> int | None:
    block = ord(text[0]) & ~127
    if len(text) < 2 or block not in ALPHABETS or ord(text[1]) & ~127 != block:
        return None
    return _PAIRS + (ALPHABETS.index(block) << 14) + (ord(text[0]) - block << 7) + ord(text[1]) - block


def _character(text: str) -> list[_Token]:
    if text < "\U00010000":
        return [(text, _CHARACTERS + 2 * ord(text))]
    raw = text.encode()
    ids = [_EMOJI + raw[2] - 0x80, raw[3]] if raw.startswith(b"\xf0\x9f") else list(raw)
    return [*(("", id) for id in ids[:-1]), (text, ids[-1])]


# ---------------------------------------------------------------------------------------------- id -> text


def _text(id: int) -> str:
    """The text of an id that is not one of the byte pieces."""
    if id >= _CHARACTERS:
        character, spaced = divmod(id - _CHARACTERS, 2)
        return "" if id == END else " " * spaced + chr(character)
    if id >= _PAIRS:
        alphabet, pair = divmod(id - _PAIRS, 1 << 14)
        return chr(ALPHABETS[alphabet] + (pair >> 7)) + chr(ALPHABETS[alphabet] + (pair & 127))
    if id < _FIXED.start:
        number = id - _NUMBERS
        return f"{number:02}" if number < 100 else f"{number - 100:03}"
    section, forms = _SECTIONS[bisect_right(_STARTS, id) - 1]
    pieces = _pieces_of(section.name).texts
    number, form = divmod(id - section.start, len(forms))
    if number >= len(pieces):
        return ""
    lead, case, tail = forms[form]
    return lead + _CASES[case](pieces[number]) + tail


@lru_cache(maxsize=4)
def _pieces_of(name: str) -> _Pieces:
    data = Path(__file__).with_name("data") / f"{name}.txt"
    texts = _FIXED_PIECES if name == "fixed" else tuple(data.read_text(encoding="utf-8").split())
    return _Pieces(texts, dict(zip(texts, range(len(texts)), strict=True)), frozenset([text[:4] for text in texts]))
