"""Settings: every door accepts the same values with the same meaning, and refuses the others in the same words."""

import doctest
import inspect
import unittest
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import emulator.core.settings
from emulator import Emulator
from emulator.cli import main
from emulator.core.settings import Setting, Settings, SettingsError, from_pairs, settings
from emulator.testing import AkashMLMixin, InProcess, emulated

NAMES = [setting.name for setting in settings()]
WITH_LISTS = ("keys", "allowed_hosts")
"""Settings whose value is a list of texts."""
SCALARS = st.one_of(
    st.text(max_size=12),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.sampled_from([word for setting in settings() for word in setting.notation.what.replace(",", "").split()]),
    st.sampled_from(["5s", "500ms", "1m30s", "1h", "32MB", "32 MiB", "1.5kB", "0B", "yes", "OFF", "Reject", "", " 3 "]),
)
OTHERS = st.one_of(st.none(), st.binary(), st.dictionaries(st.text(), st.none()), st.sets(st.text()))
LISTS = st.lists(st.one_of(st.text(), st.integers(), st.none()))


def from_text(name: str, value: Any) -> Settings:
    """As `serve --set` has it."""
    return Settings.read(from_pairs([f"{name}={value}"], {}))


def from_python(name: str, value: Any) -> Settings:
    """As the keywords of `Emulator`, the pytest marker and a JSON object have it."""
    return Settings.read({name: value})


def made(name: str, value: Any) -> Settings:
    """As the emulator's own modules have it."""
    return Settings(**{name: value})


def outcome(door: Any, name: str, value: Any) -> tuple[type, Any]:
    """What a value means to a door, with its type, or the words by which it is refused."""
    try:
        meant = getattr(door(name, value), name)
    except SettingsError as error:
        return SettingsError, str(error)
    return type(meant), meant


# ---------------------------------------------------------------------------------------------- one door


@given(st.sampled_from(settings()), SCALARS)
def test_a_value_means_what_its_text_means(setting: Setting, value: Any) -> None:
    """A text, a number and a boolean are accepted by all doors as a value of the field's type, or by none."""
    kind, meant = outcome(from_text, setting.name, value)
    assert outcome(from_python, setting.name, value) == outcome(made, setting.name, value) == (kind, meant)
    if kind is SettingsError:
        assert meant.startswith(f'setting "{setting.name}" cannot be ') and ": expected " in meant
        assert "\n" not in meant
    else:
        assert kind is type(setting.default)


@given(st.sampled_from(settings()), OTHERS)
def test_what_is_no_text_and_no_number_is_refused(setting: Setting, value: Any) -> None:
    """None, bytes, mappings and sets are values of no setting."""
    assert outcome(made, setting.name, value)[0] is SettingsError
    assert outcome(made, setting.name, value) == outcome(from_python, setting.name, value)


@given(st.sampled_from([name for name in NAMES if name not in WITH_LISTS]), LISTS)
def test_only_a_list_is_a_list(name: str, value: list[Any]) -> None:
    """A list is no value of a setting that has one."""
    assert outcome(made, name, value)[0] is SettingsError


@given(LISTS)
def test_a_list_has_its_texts(value: list[Any]) -> None:
    """A list of texts is taken as it is, tuple or not; one with anything else, or an empty text, is refused."""
    kind, meant = outcome(made, "keys", value)
    assert outcome(made, "keys", tuple(value))[0] is kind
    if all(str(each or "").strip() or each == 0 for each in value):
        assert (kind, meant) == (tuple, tuple(str(each).strip() for each in value))
    else:
        assert kind is SettingsError


@pytest.mark.parametrize("setting", settings(), ids=NAMES)
def test_a_default_is_a_value(setting: Setting) -> None:
    """The default of every setting, and its text, mean the default; the setting explains itself."""
    assert outcome(made, setting.name, setting.default) == (type(setting.default), setting.default)
    text = ",".join(setting.default) if setting.name in WITH_LISTS else str(setting.default)
    assert getattr(from_text(setting.name, text), setting.name) == setting.default
    assert setting.meaning.endswith(".")


@pytest.mark.parametrize(
    ("name", "values", "meant"),
    [
        ("keep_alive", [5, 5.0, "5", "5.0", "5s", "5000ms", " 5s "], 5.0),
        ("keep_alive", [0.5, "0.5", "500ms", "0.5s"], 0.5),
        ("max_body_bytes", [33554432, 33554432.0, "33554432", "32MiB", "32 MiB", "33554432B"], 33554432),
        ("max_body_bytes", ["32MB", "32 mb", "32000kB", 32e6, "32e6"], 32_000_000),
        ("max_n", [3, "3", " 3 "], 3),
        ("count_tokens", [False, "false", "no", "off", "0", 0, "False", "NO"], False),
        ("usage_null", [True, "true", "yes", "on", "1", 1], True),
        (
            "keys",
            [["akml-a", "akml-b"], ("akml-a", "akml-b"), "akml-a,akml-b", " akml-a , akml-b,"],
            ("akml-a", "akml-b"),
        ),
        ("keys", ["akml-a", ["akml-a"]], ("akml-a",)),
        ("seed", [7, "7"], "7"),
        ("empty_arguments", [""], ""),
    ],
)
def test_one_meaning_has_many_spellings(name: str, values: list[Any], meant: Any) -> None:
    """Units, numbers, switches and lists are written as people write them."""
    assert [outcome(made, name, value) for value in values] == [(type(meant), meant)] * len(values)


# ---------------------------------------------------------------------------------------------- mistakes

MISTAKES: list[tuple[str, Any, str]] = [
    ("max_output", "Reject", 'cannot be "Reject": expected clamp or reject; did you mean "reject"?'),
    ("auth", "none", 'cannot be "none": expected format, open or strict'),
    ("allowed_hosts", ("*", "a:1"), 'cannot be "*, a:1": expected host names without a scheme or a port'),
    ("empty_arguments", "[]", 'cannot be "[]": expected {} or ""'),
    ("keep_alive", "soon", 'cannot be "soon": expected a duration of more than 0s, such as 250ms, 2s or 15'),
    ("keep_alive", None, 'cannot be "None": expected a duration of more than 0s'),
    ("keep_alive", 0, 'cannot be "0": expected a duration of more than 0s'),
    ("keep_alive", -1, 'cannot be "-1": expected a duration of more than 0s'),
    ("keep_alive", float("nan"), 'cannot be "nan": expected a duration of more than 0s'),
    ("keep_alive", float("inf"), 'cannot be "inf": expected a duration of more than 0s'),
    ("keep_alive", "9999h", 'cannot be "9999h": expected a duration of at most a year'),
    ("max_n", True, 'cannot be "True": expected a whole number of at least 1'),
    ("max_n", 1.5, 'cannot be "1.5": expected a whole number of at least 1'),
    ("max_n", 0, 'cannot be "0": expected a whole number of at least 1'),
    ("max_body_bytes", "0.5B", 'cannot be "0.5B": expected a size of at least 1 byte, such as 32MiB, 500kB or 1024'),
    ("count_tokens", "maybe", 'cannot be "maybe": expected true or false'),
    ("keys", ["a", ""], "cannot be \"['a', '']\": expected a list of texts, or texts separated by commas"),
    ("keys", None, 'cannot be "None": expected a list of texts'),
    ("seed", None, 'cannot be "None": expected a text'),
]
UNKNOWN = [
    ("keepalive", 'unknown setting "keepalive"; did you mean "keep_alive"?'),
    ("KEEP_ALIVE", 'unknown setting "KEEP_ALIVE"; did you mean "keep_alive"?'),
    ("zzz", f'unknown setting "zzz" (known: {", ".join(NAMES)})'),
]


@pytest.mark.parametrize(("name", "value", "words"), MISTAKES)
def test_a_wrong_value_is_told(name: str, value: Any, words: str) -> None:
    """The message names the setting, the value, what was expected, and the nearest word."""
    with pytest.raises(SettingsError) as error:
        Settings.read({name: value})
    assert str(error.value).startswith(f'setting "{name}" {words}')


@pytest.mark.parametrize(("name", "words"), UNKNOWN)
def test_an_unknown_name_is_told(name: str, words: str) -> None:
    """The message names the nearest setting, or all of them."""
    with pytest.raises(SettingsError) as error:
        Settings.read({name: 5})
    assert str(error.value) == words


@pytest.mark.parametrize(
    "value", [10**5000, "x" * 5000, "\n" * 50, {"a": [1] * 1000}], ids=["number", "text", "lines", "mapping"]
)
def test_a_message_is_one_short_line(value: Any) -> None:
    """However long or odd a value is, and a number that Python would not write is no exception."""
    with pytest.raises(SettingsError) as error:
        Settings(max_n=value)
    assert len(str(error.value)) < 200
    assert "\n" not in str(error.value)


def test_all_mistakes_are_told_at_once() -> None:
    """One line for each setting."""
    with pytest.raises(SettingsError) as error:
        Settings.read({"max_n": 0, "auth": "nobody", "seed": "1"})
    assert [line.split('"')[1] for line in str(error.value).splitlines()] == ["auth", "max_n"]


@pytest.mark.parametrize("kind", [ValueError, TypeError])
def test_the_error_is_a_value_error_and_a_type_error(kind: type[Exception]) -> None:
    """Whoever expects what Python raises for a wrong value or an unknown keyword catches it."""
    with pytest.raises(kind):
        Settings.read({"colour": "red"})


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        (["keep_alive"], 'setting "keep_alive" has no value: write keep_alive=VALUE'),
        (["max_n=1", "max-n=2"], 'setting "max_n" is given twice'),
        (["seed=2"], 'setting "seed" is given twice'),
    ],
)
def test_a_pair_without_a_value_and_a_second_one(pairs: list[str], words: str) -> None:
    """Nothing is silently ignored."""
    with pytest.raises(SettingsError) as error:
        from_pairs(pairs, {"seed": "1"})
    assert str(error.value) == words


# ---------------------------------------------------------------------------------------------- the doors themselves


def command_line(**given: Any) -> None:
    """`serve --set`, for values that have a text."""
    pairs = [f"--set={name}={value}" for name, value in given.items()]
    result = CliRunner().invoke(main, ["serve", "--port", "0", *pairs])
    assert result.exit_code == 1
    raise SettingsError(result.output.removeprefix("Error: ").removesuffix("\n"))


def decorated(**given: Any) -> None:
    """The decorator of a function."""
    emulated(**given)(lambda akash: None)()


def mixed_in(**given: Any) -> None:
    """The mix-in of a test case."""

    class Case(AkashMLMixin, unittest.TestCase):
        akashml = given

    Case.setUpClass()


@pytest.mark.parametrize("door", [Emulator, Emulator.in_process, decorated, mixed_in, command_line])
@pytest.mark.parametrize(("name", "value", "words"), [MISTAKES[0], MISTAKES[1], MISTAKES[5], MISTAKES[11]])
def test_the_doors_use_the_same_words(door: Any, name: str, value: Any, words: str) -> None:
    """In Python and at the command line, a wrong value is the same error; the pytest marker has its own test."""
    with pytest.raises(SettingsError) as error:
        door(**{name: value})
    assert str(error.value).startswith(f'setting "{name}" {words}')


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("scenaro", '"scenario"'),
        ("clok", '"clock"'),
        ("credits", 'account={"credits": ...}'),
        ("trial", 'account={"trial": ...}'),
        ("requests_per_minute", 'account={"keys": {"default": {"requests_per_minute": ...}}}'),
        ("tokens_per_minut", 'account={"keys": {"default": {"tokens_per_minute": ...}}}'),
        ("concurrency", 'account={"keys": {"default": {"concurrency": ...}}}'),
        ("start", 'clock={"start": ...}'),
        ("rules", 'scenario={"rules": ...}'),
        ("maxn", '"max_n"'),
        ("rpm", 'account={"keys": {"default": {"requests_per_minute": ...}}}'),
        ("latency", 'scenario=[{"reply": {"text": ..., "stream": {"first_token": ...}}}]'),
        ("port", "the attribute url, with a free port of 127.0.0.1"),
        ("strict", 'auth="strict"'),
    ],
)
@pytest.mark.parametrize("door", [Emulator, Emulator.in_process, decorated, mixed_in])
def test_an_unknown_keyword_is_told_where_it_belongs(door: Any, name: str, meant: str) -> None:
    """The nearest of the settings, of the keywords of `Emulator`, and of what is written inside of those."""
    with pytest.raises(SettingsError) as error:
        door(**{name: 5})
    assert str(error.value) == f'unknown setting "{name}"; did you mean {meant}?'


@pytest.mark.parametrize("door", [Emulator, InProcess])
def test_the_own_keywords_are_listed_with_the_settings(door: Any) -> None:
    """A keyword that is like none: all are named, those of the signature included."""
    own = [name for name, each in inspect.signature(door).parameters.items() if each.kind is each.KEYWORD_ONLY]
    with pytest.raises(SettingsError) as error:
        door(zzz=5)
    assert str(error.value) == f'unknown setting "zzz" (known: {", ".join([*NAMES, *own])})'


@pytest.mark.parametrize(("name", "option"), [("credits", "--credits"), ("prt", "--port"), ("scenaro", "--scenario")])
def test_an_option_is_no_setting(name: str, option: str) -> None:
    """`--set` names the option that is meant."""
    result = CliRunner().invoke(main, ["serve", "--set", f"{name}=5"])
    assert result.output == f'Error: unknown setting "{name}"; did you mean {option}?\n'


def test_the_examples_of_the_docstrings_are_true() -> None:
    """What a docstring shows is what happens."""
    found = doctest.testmod(emulator.core.settings)
    assert (bool(found.attempted), found.failed) == (True, 0)
