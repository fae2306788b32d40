"""Regular expressions that are compiled when they are first used."""

import re

import pytest

from emulator.core.regexes import late


def test_an_expression_is_compiled_when_it_is_first_used() -> None:
    """A mistake in one is found by the first use and not before; its text is known without compiling it."""
    wrong = late("(")
    assert wrong.pattern == "("
    with pytest.raises(re.error):
        wrong.search("text")


@pytest.mark.parametrize(("pattern", "text"), [("[a-z]+", "One, two"), (b"[a-z]+", b"One, two")])
def test_a_late_expression_is_used_as_any_other(pattern: str | bytes, text: str | bytes) -> None:
    """Its methods and attributes are those of the compiled expression, with its flags."""
    now, later = re.compile(pattern, re.IGNORECASE), late(pattern, re.IGNORECASE)
    for _ in range(2):
        assert later.findall(text) == now.findall(text)
        assert later.sub(text[:1], text) == now.sub(text[:1], text)
        assert (later.flags, later.groups) == (now.flags, now.groups)
