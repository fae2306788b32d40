r"""The grammar of generated text: the rules of data/grammar.txt, compiled to symbols that a `Walk` expands.

A rule is a name, a colon, and one alternative per line, the likeliest first. The k-th has the weight 1/√k, or the one
before it in parentheses. In an alternative, `<rule>` is the text of another rule, `{slot}` a phrase of the request
(with a capital letter: at the start of a sentence), `[a|b|]` a choice, and `<end>` the end of the answer. `\` escapes
the next character, but `\n` is a line break.

Alternatives with the same first tokens share them, and branch where they differ. So every choice is one between
different tokens.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeAlias, final

import msgspec

from emulator.core.regexes import late
from emulator.core.tokens import END, encode, first_id, pieces_of, split

Symbol: TypeAlias = "Run | Phrase | Branch | Slot | NonTerminal"
Symbols: TypeAlias = tuple[Symbol, ...]
Move: TypeAlias = tuple[Sequence[str], Sequence[Symbol]]


class Run(msgspec.Struct, frozen=True):
    """Tokens that follow one another without a choice."""

    ids: tuple[int, ...]
    pieces: tuple[str, ...]


@final
class Phrase:
    """The tokens of a text, or those after the first `skipped` ones, as a run whose ids are found when asked for."""

    __slots__ = ("_skipped", "_text", "pieces")

    def __init__(self, text: str, pieces: tuple[str, ...], skipped: int = 0) -> None:
        self.pieces = pieces[skipped:]
        self._text = text
        self._skipped = skipped

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids of the tokens."""
        return tuple(encode(self._text)[self._skipped :])


class Branch(msgspec.Struct, frozen=True, eq=False):
    """A choice between tokens; `targets` says, last symbol first, what follows each. The weights add up to 1.

    `runs` are the pieces of each token and of the run right behind it, and `rests` are the symbols that follow those.
    `moves` keeps what `move` returned for each token.
    """

    ids: tuple[int, ...]
    pieces: tuple[str, ...]
    weights: tuple[float, ...]
    likeliest: int
    targets: tuple["Symbols", ...]
    runs: tuple[tuple[str, ...], ...]
    rests: tuple["Symbols", ...]
    can_end: bool
    moves: "list[Move | None]"

    def move(self, at: int) -> "Move":
        """Return the pieces that the token begins, and the symbols behind them, in which no rule is left."""
        pieces = [*self.runs[at]]
        symbols = [*_without_rules(self.rests[at])]
        while symbols and isinstance(run := symbols[-1], Run):
            pieces += run.pieces
            symbols.pop()
        self.moves[at] = move = pieces, symbols
        return move


@final
class Slot(NamedTuple):
    """A phrase of the request, with or without a space before it."""

    name: str
    spaced: bool


@final
class NonTerminal(NamedTuple):
    """The text of another rule, with or without a space before it."""

    name: str
    spaced: bool


@final
class Filling:
    """The phrases that may fill a slot, of those that begin alike the first; the k-th has the weight 1/k².

    `runs` are their pieces, and `choice` has their weights.
    """

    __slots__ = ("choice", "runs", "texts")

    def __init__(self, phrases: Sequence[str]) -> None:
        self.texts: Sequence[str] = phrases
        self.runs: Sequence[tuple[str, ...]] = [*map(pieces_of, phrases)]
        ranks: Sequence[int] = range(1, len(phrases) + 1)
        if len(phrases) > 1 and len({run[0] for run in self.runs}) < len(phrases):
            ranks = self._first_of_those_that_begin_alike()
            self.texts = [phrases[rank - 1] for rank in ranks]
            self.runs = [self.runs[rank - 1] for rank in ranks]
        self.choice = _ranked(*ranks)

    def _first_of_those_that_begin_alike(self) -> Sequence[int]:
        """The ranks of the phrases that are kept. Equal pieces may be different tokens."""
        begun: dict[tuple[int, str], int] = {}
        for rank, (text, run) in enumerate(zip(self.texts, self.runs, strict=True), 1):
            begun.setdefault((first_id(text), run[0]), rank)
        return [*begun.values()]


class Weights(msgspec.Struct, frozen=True, eq=False):
    """The weights of a choice, which add up to 1."""

    weights: tuple[float, ...]


@cache
def _ranked(*ranks: int) -> Weights:
    return Weights(shared([1 / rank**2 for rank in ranks]))


class Token(NamedTuple):
    """An id and its piece."""

    id: int
    piece: str


class _Choice(NamedTuple):
    options: "list[Option]"


_Atom: TypeAlias = Token | _Choice | Slot | NonTerminal
Option: TypeAlias = tuple[float, list[_Atom]]
_Sequence: TypeAlias = "list[str | Token | Slot | NonTerminal | list[_Sequence]]"


# ---------------------------------------------------------------------------------------------- reading

_LINE = late(r"(?:\((?P<weight>[\d.]+)\) )?(?P<text>.*)")
_PART = late(
    r"\\(?P<escaped>.)|<(?P<rule>[a-z_]+)>|\{(?P<slot>[A-Za-z]+)\}|(?P<sign>[\[|\]])|(?P<text>[^\\<{\[|\]]+|.)"
)


@cache
def rules() -> Mapping[str, list[str]]:
    """Return the alternatives of every rule, as written in the file."""
    rules: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in (Path(__file__).parent / "data" / "grammar.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            lines.append(line.strip(" "))
        elif line.endswith(":") and not line.startswith("#"):
            lines = rules[line[:-1]] = []
    return rules


@cache
def _options(rule: str, spaced: bool) -> list[Option]:
    """The alternatives of a rule and their weights."""
    found = [_LINE.fullmatch(line) for line in rules()[rule]]
    lines = [(float(line["weight"] or rank**-0.5), line["text"]) for rank, line in enumerate(found, 1) if line]
    return [(weight, _atoms(_parse(iter(_PART.finditer(text)))[0], spaced)) for weight, text in lines]


def _parse(parts: Iterator[re.Match[str]]) -> list[_Sequence]:
    """The alternatives up to the bracket that closes them."""
    alternatives: list[_Sequence] = [[]]
    for part in parts:
        match part.lastgroup, part[part.lastgroup or 0]:
            case "sign", "[":
                alternatives[-1].append(_parse(parts))
            case "sign", "|":
                alternatives.append([])
            case "sign", _:
                break
            case "rule", "end":
                alternatives[-1].append(Token(END, ""))
            case "rule", name:
                alternatives[-1].append(NonTerminal(name, False))
            case "slot", name:
                alternatives[-1].append(Slot(name, False))
            case kind, text:
                _add_text(alternatives[-1], "\n" if (kind, text) == ("escaped", "n") else text)
    return alternatives


def _add_text(sequence: _Sequence, text: str) -> None:
    last = sequence[-1] if sequence else None
    if isinstance(last, str):
        sequence[-1] = last + text
    else:
        sequence.append(text)


def _atoms(sequence: _Sequence, spaced: bool) -> list[_Atom]:
    """The sequence as tokens, and what becomes tokens later; a space belongs to the token that it stands before."""
    atoms: list[_Atom] = []
    for at, part in enumerate(sequence, 1):
        match part:
            case str():
                text = f" {part}" if spaced and part[0] not in " ,.:!?\n" else part
                spaced = text[-1] == " " and at < len(sequence)
                atoms += tokens(text[:-1] if spaced else text)
            case list() if [] in part:  # what follows is then a part of the choice
                return [*atoms, _choice([[*option, *sequence[at:]] for option in part], spaced)]
            case list():
                atoms.append(_choice(part, spaced))
                spaced = False
            case _:
                atoms.append(part._replace(spaced=spaced) if isinstance(part, Slot | NonTerminal) else part)
                spaced = False
    return atoms


def _choice(sequences: list[_Sequence], spaced: bool) -> _Choice:
    return _Choice([(rank**-0.5, _atoms(sequence, spaced)) for rank, sequence in enumerate(sequences, 1)])


def tokens(text: str) -> list[Token]:
    """The tokens of a text, one by one."""
    return list(map(Token, encode(text), split(text).pieces))


# ---------------------------------------------------------------------------------------------- compiling


class _Programs(dict[NonTerminal, Symbols]):
    """What each rule says, last symbol first, so that a `Walk` can take from the end."""

    def __missing__(self, rule: NonTerminal) -> Symbols:
        options = _options(rule.name, rule.spaced)
        self[rule] = _program(options[0][1]) if len(options) == 1 else (branch(options),)
        return self[rule]


programs = _Programs()


def branch(options: Iterable[Option]) -> Branch:
    """A choice between alternatives. Raises ValueError where two of them part behind a slot, or one ends."""
    groups: dict[Token, list[Option]] = {}
    for weight, (first, *rest) in _expanded(options):
        if not isinstance(first, Token):
            raise ValueError(f"an alternative must not begin with the slot {first}")
        groups.setdefault(first, []).append((weight, rest))
    return choice(
        [
            (sum(weight for weight, _ in group), token, _program(group[0][1]) if len(group) == 1 else (branch(group),))
            for token, group in groups.items()
        ]
    )


@cache
def endless(branch: Branch) -> Branch:
    """The same choice without the end of the answer."""
    options = zip(branch.weights, map(Token, branch.ids, branch.pieces), branch.targets, strict=True)
    return choice([option for option in options if option[1].id != END])


def choice(options: Sequence[tuple[float, Token, Symbols]]) -> Branch:
    """A choice between tokens with these weights, and what follows each."""
    weights, tokens, targets = zip(*options, strict=True)
    ids, pieces = zip(*tokens, strict=True)
    parts = [_parted(piece, target) for piece, target in zip(pieces, targets, strict=True)]
    runs, rests = zip(*parts, strict=True)
    shares = shared(weights)
    likeliest = shares.index(max(shares))
    moves: list[Move | None] = [None] * len(ids)
    return Branch(ids, pieces, shares, likeliest, targets, runs, rests, can_end=END in ids, moves=moves)


def choice_of_phrases(phrases: Sequence[str]) -> Phrase | Branch:
    """Phrases that may fill a slot (see `Filling`) as symbols of the grammar."""
    filling = Filling(phrases)
    texts, runs, weights = filling.texts, tuple(filling.runs), filling.choice.weights
    if len(phrases) == 1:
        return Phrase(texts[0], runs[0])
    ids, pieces, size = tuple(map(first_id, texts)), tuple([run[0] for run in runs]), len(runs)
    targets = tuple([(Phrase(text, run, 1),) for text, run in zip(texts, runs, strict=True)])
    return Branch(ids, pieces, weights, 0, targets, runs, ((),) * size, can_end=False, moves=[None] * size)


def shared(weights: Sequence[float]) -> tuple[float, ...]:
    """The weights in proportion, so that they add up to 1."""
    total = sum(weights)
    return tuple([weight / total for weight in weights])


def _parted(piece: str, target: Symbols) -> tuple[tuple[str, ...], Symbols]:
    """A piece with those of the run that follows it, and the symbols that follow both."""
    following = target[-1] if target else None
    return ((piece, *following.pieces), target[:-1]) if isinstance(following, Run) else ((piece,), target)


def _without_rules(symbols: Iterable[Symbol]) -> Iterator[Symbol]:
    """The symbols, with what each rule says in its place."""
    for symbol in symbols:
        if isinstance(symbol, NonTerminal):
            yield from _without_rules(programs[symbol])
        else:
            yield symbol


def _expanded(options: Iterable[Option]) -> Iterator[Option]:
    """The same choice, with alternatives that begin with a token or a slot."""
    for weight, atoms in options:
        first, *rest = atoms
        inner = first.options if isinstance(first, _Choice) else ()
        if isinstance(first, NonTerminal):
            inner = _options(first.name, first.spaced)
        total = sum(share for share, _ in inner)
        if inner:
            yield from _expanded((weight * share / total, [*begin, *rest]) for share, begin in inner)
        else:
            yield weight, atoms


def _program(atoms: Sequence[_Atom]) -> Symbols:
    symbols: list[Run | Branch | Slot | NonTerminal] = []
    forced: list[Token] = []
    for atom in atoms:
        if isinstance(atom, Token) and atom.id != END:
            forced.append(atom)
            continue
        symbols, forced = [*symbols, *run(forced)], []
        if isinstance(atom, Slot | NonTerminal):
            symbols.append(atom)
        else:
            symbols.append(branch(atom.options if isinstance(atom, _Choice) else [(1.0, [atom])]))
    return tuple(reversed([*symbols, *run(forced)]))


def run(tokens: Sequence[Token]) -> tuple[Run, ...]:
    """These tokens without a choice, as a program."""
    return (Run(tuple([token.id for token in tokens]), tuple([token.piece for token in tokens])),) if tokens else ()
