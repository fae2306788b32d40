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


def test_a_late_expression_is_used_as_any_other() -> None:
    """Its methods and attributes are those of the compiled expression, with its flags."""
    now, later = re.compile("[a-z]+", re.IGNORECASE), late("[a-z]+", re.IGNORECASE)
    for _ in range(2):
        assert later.findall("One, two") == now.findall("One, two")
        assert later.sub("x", "One, two") == now.sub("x", "One, two")
        assert (later.flags, later.groups) == (now.flags, now.groups)


def test_an_expression_may_be_of_bytes() -> None:
    """What `re` can search, it can search late."""
    assert late(rb"[a-z]+", re.IGNORECASE).findall(b"One, two") == [b"One", b"two"]
