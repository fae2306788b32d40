"""Texts of which passages are known have the tokens that they have without."""

from hypothesis import example, given
from hypothesis import strategies as st

from emulator.core.passages import passages, split_parts
from emulator.core.tokens import split

PARTS = st.text(st.sampled_from("aB 1.\n\t_('é你😀𝐀\u3000"), max_size=40) | st.lists(
    st.sampled_from(["one", "TWO", "don't", " ", "  ", "\n", "12345", "..", "привет", "مرحبا", "'s", "🎉"]), max_size=12
).map("".join)


@given(st.lists(st.tuples(PARTS, st.booleans()), max_size=6))
@example([("a b c", True), ("d e f", True)])
@example([("a b c ", True), (" d", False), ("'s e f", True)])
@example([("a b  ", True), ("\n", False), (" c d e", True), ("", True)])
@example([("word " * 3000, True), ("x", False), (" word" * 3000, True)])
def test_known_passages_change_no_token(parts: list[tuple[str, bool]]) -> None:
    """Whatever stands between them, a text is split as if nothing of it had been split before."""
    known = passages(part for part, is_known in parts if is_known)
    text = "".join(part for part, _ in parts)
    assert split_parts(text, [part for part, _ in parts], known) == split(text)
