"""A text that is still generated ends at the same stop string as one that is known."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from emulator.core.drafts import Draft, Piece, obey
from emulator.core.tokens import split
from emulator.core.vocabulary import TokenLogprob
from emulator.generator.stopping import Stopped

TEXTS = st.text(st.sampled_from("ab 1é👍"), max_size=40)
STOPS = st.lists(st.text(st.sampled_from("ab 1é👍"), max_size=5), max_size=4)


def pieces(text: str) -> list[Piece]:
    return [(piece, TokenLogprob(piece, -1.0, piece.encode())) for piece in split(text).pieces]


@given(TEXTS, STOPS, st.integers(0, 12))
def test_a_text_stops_where_a_known_one_does(text: str, stop: list[str], least: int) -> None:
    """At the same place, with the same pieces, for the same stop string, and with an entry for each piece."""
    known = obey(Draft(text=split(text)), stop, None, least=least)
    stopped = Stopped(pieces(text), stop, least)
    found = list(stopped)
    assert tuple(piece for piece, _ in found) == known.text.pieces
    assert stopped.sequence == known.stop_sequence
    assert all(entry is not None and entry.token == piece for piece, entry in found)


@given(st.text(st.sampled_from("ab"), max_size=40), STOPS)
def test_no_more_is_held_back_than_a_stop_string(text: str, stop: list[str]) -> None:
    """A character is given out once no stop string can begin with it."""
    drawn = []

    def drawing() -> Iterator[Piece]:
        for character in text:
            drawn.append(character)
            yield character, None

    longest = max(map(len, stop), default=0)
    for number, _ in enumerate(Stopped(drawing(), stop, 0), 1):
        assert len(drawn) - number <= longest
