"""Seeds: the same parts give the same chances and ids everywhere, and different parts different ones."""

import random
import re
import uuid
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.seeds import Seed, canonical

PARTS = st.lists(st.one_of(st.text(max_size=5), st.integers(), st.binary(max_size=5)), max_size=4)


def test_a_seed_is_the_same_on_every_machine() -> None:
    """These digits were computed once; another process, platform or version has to find them again."""
    assert Seed.of("a", 1).hex(16) == "01a77fc3eb3dfba8"


@given(st.binary(max_size=4), st.lists(st.sampled_from(["random", "normalvariate", "getrandbits"]), max_size=5))
def test_a_late_source_of_chance_gives_the_same_numbers(part: bytes, draws: list[str]) -> None:
    """Whatever is drawn from it, a generator that is made when it is used is the one that is made at once."""
    arguments: dict[str, tuple[int, ...]] = {"normalvariate": (0, 1), "getrandbits": (40,)}
    late, early = Seed.of(part).late_random(), Seed.of(part).random()
    for name in draws:
        assert getattr(late, name)(*arguments.get(name, ())) == getattr(early, name)(*arguments.get(name, ()))


@given(PARTS, PARTS)
def test_parts_are_kept_apart(one: list[str | int | bytes], other: list[str | int | bytes]) -> None:
    """Two lists of parts give the same seed only if their parts read the same."""
    same = [_bytes(part) for part in one] == [_bytes(part) for part in other]
    assert (Seed.of(*one) == Seed.of(*other)) == same


def _bytes(part: str | int | bytes) -> bytes:
    return part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")


@given(st.text(max_size=8))
def test_ids_have_their_forms(name: str) -> None:
    """A UUID is a valid version 4, and letters are letters and digits."""
    seed = Seed.of(name)
    assert uuid.UUID(seed.uuid4()).version == 4
    assert re.fullmatch(r"[0-9A-Za-z]{24}", seed.letters(24))
    assert re.fullmatch(r"[0-9a-f]{32}", seed.hex(32))


def test_every_source_of_chance_begins_anew() -> None:
    """Two sources of one seed draw the same numbers; a child's draws differ from its parent's."""
    seed = Seed.of("x")
    assert seed.random().random() == seed.random().random()
    assert seed.random().random() != seed.child("y").random().random()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_change_the_canonical_form(value: dict[str, Any], chance: random.Random) -> None:
    """Equal values have the same canonical bytes, and from the bytes the value is read again."""
    names = list(value)
    chance.shuffle(names)
    assert canonical({name: value[name] for name in names}) == canonical(value)
    assert msgspec.json.decode(canonical(value)) == value


def test_there_is_one_canonical_form() -> None:
    """No other module makes an encoder that sorts keys for an identity."""
    paths = (Path(__file__).parents[2] / "emulator").rglob("*.py")
    assert [path.name for path in paths if 'order="sorted"' in path.read_text("utf-8")] == ["seeds.py"]
