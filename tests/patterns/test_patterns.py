"""Regular expressions and globs that users write: what they match, in texts of any length, and what is refused."""

import subprocess
import sys
from pathlib import Path

import pytest

import emulator
from emulator import patterns
from emulator.patterns import Masks
from emulator.patterns.syntax import Chars

LONG = 300_000

NATURAL = [
    (r"error.*file.*line.*fix", "error in file, line 3, fix", {}),
    (r"(\w+\s?)+!", "hello there!", {}),
    (r"^(\w+\s?){30,}$", "a " * 30, {}),
    (r"^(a+)+$", "aaaa", {}),
    (r"(a|ab)*c", "abac", {}),
    (r"(.*a){20}", "ba" * 20, {}),
    (r"\s+$", "done   ", {}),
    (r"^\s+|\s+$", "  done", {}),
    (r"(?s)begin.{0,100}end", "begin\nend", {}),
    (r"\b\w+ing\b", "it is raining.", {}),
    (r"(?i)(?:please|kindly)\s+.*\s+(?:fix|repair)", "Please now FIX", {}),
    (r"[\w.+-]+@[\w-]+\.[\w.-]+", "to ada@example.com", {}),
    (r"(https?://\S+\s*)+$", "http://a.b https://c.d", {}),
    (r"(?:\w++ )*x", "one two x", {}),
    (r"(?>a+)b", "aab", {}),
    (r"^(?!.*secret).*password", "the password", {}),
    (r"(?=.*\d)(?=.*[a-z]).*!", "a1!", {}),
    (r"(?P<word>\w+)(?=\?)", "who is it?", {"word": "it"}),
    (r"(?P<first>\w+) and (?P<second>\w+)", "salt and pepper", {"first": "salt", "second": "pepper"}),
    (r"(?m)^\s*def (?P<name>\w+).*:$", "x = 1\n  def add(a):\n", {"name": "add"}),
    (r"(?P<all>.*)(?P<last>\d+)", "12 and 345", {"all": "12 and 34", "last": "5"}),
    (r"(?P<few>.*?)(?P<digits>\d+)", "as 345", {"few": "as ", "digits": "345"}),
    (r"(?P<key>\w+)=(?P<value>\w*)(?:;.*)?$", "x é=ü", {"key": "é", "value": "ü"}),
    (r"(?P<quote>[\"']).*?[\"']", "say 'it'", {"quote": "'"}),
    (r"(?:(?P<city>[A-Z]\w+),? ?)+$", "Rome, Oslo", {"city": "Oslo"}),
    (r"(?P<number>\d+)\W+(?P<missing>x)?(?:.*\d)?", "7 8", {"number": "7", "missing": ""}),
    (r"order #(?P<id>\d+)", "order #42", {"id": "42"}),
    (r"(?<=order )(?P<id>\d+)", "order 42", {"id": "42"}),
]


@pytest.mark.parametrize(("pattern", "text", "groups"), NATURAL)
@pytest.mark.parametrize("filler", ["", "-", " é\n"])
def test_a_match_is_found_wherever_it_is(pattern: str, text: str, groups: dict[str, str], filler: str) -> None:
    """What matches a short text matches at the end of a long one if the expression may begin anywhere."""
    compiled = patterns.compile(pattern)
    compiled.check()
    before = "" if pattern.startswith("^") or "(?P<all>" in pattern or "(?P<few>" in pattern else filler * LONG
    assert compiled.matches(before + text)
    assert compiled.groups(before + text) == groups


@pytest.mark.parametrize("filler", ["a", "é "])
def test_a_text_is_read_once_for_a_hundred_expressions(filler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each class of characters is looked for once in a long text, however many expressions have it."""
    read, looked_for = [], Masks._mask

    def counting(masks: Masks, chars: Chars) -> int:
        read.append(chars)
        return looked_for(masks, chars)

    monkeypatch.setattr(Masks, "_mask", counting)
    text = filler * LONG + "order 77 is late"
    masks = Masks(text)
    expressions = [patterns.compile(rf"order {number} (is|was) \w+", ignore_case=True) for number in range(100)]
    assert [number for number, each in enumerate(expressions) if each.matches(text, masks)] == [77]
    assert len(read) == len(set(read)) <= len({*"order iswas", *"0123456789"}) + 1


@pytest.mark.parametrize(("pattern", "text", "groups"), NATURAL)
@pytest.mark.parametrize("filler", ["a", "aé ", "error file line ", " ", "a1\n"])
def test_the_longest_text_is_searched_soon(pattern: str, text: str, groups: dict[str, str], filler: str) -> None:
    """No expression takes forever, and an answer does not depend on how the search was made."""
    compiled = patterns.compile(pattern)
    long = filler * (1_000_000 // len(filler)) + "§"
    assert (compiled.groups(long) is not None) is compiled.matches(long)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"(\w+) \1", "with a backreference"),
        (r"(?>a|ab)*c", "with an atomic group"),
        (r"(?:a|ab)*+c", "with a possessive repetition"),
        (r"(x)?(?(1).*a|b)*c", "with a condition"),
        (r"^(a?){4000000000}$", "write fewer repetitions"),
        (r"(?=(a|bc)*d).*e", "a repeated group in its lookaround"),
        (r"(?=.*(?P<x>a))b.*c", "a named group in its lookaround"),
        (r"(?P<x>a?)*.*c.*d", "a named group that is repeated and may be empty"),
        ("".join(map(chr, range(0x4E00, 0x5000))) + ".*a.*b", "more than 500 different characters"),
        ("(a", "not a regular expression: missing )"),
        ("[[a]", "not a regular expression: Possible nested set"),
        ("(" * 2000 + ")" * 2000, "not a regular expression: it is nested too deeply"),
        ("a" * 5001, "at most 5,000 characters"),
        (r"(?i)" + r"[\x00-\uffff]" * 100, "have too many characters"),
    ],
)
def test_an_expression_is_refused_with_the_reason(pattern: str, reason: str) -> None:
    """What cannot be searched for in a long text is told before there is one."""
    with pytest.raises(ValueError) as caught:
        patterns.compile(pattern).check()
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "pattern", [r"(\w+) \1", r"(?>a|ab)*c", r"(x)?(?(1)a|b)", r"(?=(a|b)*c).*c", r"(?=.*(?P<x>a))", r"(?P<x>a?)*"]
)
def test_a_budget_is_enough_for_what_cannot_be_searched_everywhere(pattern: str) -> None:
    """In short texts every expression is searched."""
    assert patterns.compile(pattern).matches_within(patterns.Budget(1_000_000), "a aac b")


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"(\w+) \1", "a" * 10_000),
        (r"(?=(a|bc)*d).*e", "abc" * 10_000 + "de"),
        (r"(a|b)*c", "ab" * 1_000_000),
        (r".*a.*b.*c", "x" * 10_000_000),
    ],
)
def test_a_search_ends_with_its_budget(pattern: str, text: str) -> None:
    """A search that needs more steps than there are is given up."""
    with pytest.raises(patterns.TooCostly):
        patterns.compile(pattern).matches_within(patterns.Budget(1_000_000), text)


@pytest.mark.parametrize(
    ("glob", "text", "matches"),
    [
        ("*GLM*", "zai-org/glm-5.3", True),
        ("glm-?", "GLM-5", True),
        ("glm-?", "GLM-5.3", False),
        ("glm", "glm-5", False),
        ("glm", "glm\n", False),
        ("a*b", "a\nb", True),
        ("[a]*", "[A]b", True),
        ("[a]*", "ab", False),
        ("*a" * 50, "a" * 49, False),
        ("*a" * 500, "a" * 1_000_000, True),
        ("*" + "a" * 900 + "b", "a" * 1_000_000, False),
    ],
)
def test_a_glob_matches_a_whole_text(glob: str, text: str, matches: bool) -> None:
    """Stars and question marks stand for characters, everything else for itself, whatever the case."""
    assert patterns.glob(glob).matches(text) is matches


def test_a_glob_has_at_most_a_thousand_characters() -> None:
    """A longer one is refused before it is compiled."""
    with pytest.raises(ValueError, match="at most 1,000 characters"):
        patterns.glob("a" * 1001)


def test_globs_are_compiled_in_one_module() -> None:
    """A glob means the same in a scenario, in a key's policy and in a filter of inferences."""
    modules = Path(emulator.__file__).parent.rglob("*.py")
    assert [path.name for path in modules if "fnmatch" in path.read_text(encoding="utf-8")] == []


def test_the_start_does_not_pay_for_re2() -> None:
    """It is imported when an expression needs it, which few do."""
    code = (
        "import sys; from emulator import patterns; patterns.glob('*GLM*').matches('glm');"
        "patterns.compile(r'order #(?P<id>\\d+)').check(); patterns.compile('a.*b').check();"
        "print('re2' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
