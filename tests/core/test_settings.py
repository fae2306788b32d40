"""Settings: written as name=value, with mistakes told to the person who typed them."""

from typing import Any

import pytest

from emulator.core.settings import Settings, SettingsError, from_strings, table


def test_values_are_read_by_their_type() -> None:
    """Numbers, switches, choices and lists are written as people write them."""
    pairs = ["keep-alive=5", "count_tokens=false", "keys=akml-a, akml-b", "empty_arguments="]
    values: dict[str, Any] = {
        "keep_alive": 5.0,
        "count_tokens": False,
        "keys": ("akml-a", "akml-b"),
        "empty_arguments": "",
    }
    assert from_strings(pairs) == values
    assert Settings(**values).keys == ("akml-a", "akml-b")


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("keepalive=5", 'unknown setting "keepalive"; did you mean "keep_alive"?'),
        ("zzz=5", 'unknown setting "zzz" (known: seed,'),
        ("keep_alive", 'setting "keep_alive" has no value: write keep_alive=VALUE'),
        ("keep_alive=soon", 'setting "keep_alive" cannot be "soon"'),
        ("max_n=0", 'setting "max_n" cannot be "0"'),
        ("auth=none", 'setting "auth" cannot be "none"'),
    ],
)
def test_a_mistake_is_told(pair: str, words: str) -> None:
    """The message names the setting and what is wrong with it."""
    with pytest.raises(SettingsError) as error:
        from_strings([pair])
    assert words in str(error.value)


def test_every_setting_explains_itself() -> None:
    """The table that people read has a meaning and values for each."""
    assert all(row["meaning"] and row["values"] for row in table())
    assert len(table()) == len(Settings.__struct_fields__)
