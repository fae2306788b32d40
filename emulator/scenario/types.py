"""What a scenario is once it is read: frozen values, none of which can be wrong. Durations are in seconds."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

from emulator.account.backends import Backends
from emulator.account.terms import Terms
from emulator.core.drafts import Draft
from emulator.core.vocabulary import ErrorKind, FinishReason
from emulator.faults.chance import Distribution
from emulator.faults.where import Where

if TYPE_CHECKING:
    from emulator.scenario.match import Subject
    from emulator.scenario.template import Template

Written: TypeAlias = "str | Template"
"""A text of a scenario, which may be a template."""
Then: TypeAlias = Literal["repeat", "loop", "unscripted", "fail"]
Unscripted: TypeAlias = Literal["generate", "fail", "echo"]
NOTHING: Mapping[str, Any] = MappingProxyType({})


# ---------------------------------------------------------------------------------------------- what is matched


class Test(msgspec.Struct, frozen=True, eq=False):
    """One thing that a request must be. `name` is what is looked at, and `expected` what it is expected to be.

    `actual` tells what a request has there, in words; `groups` gives the named groups of a regular expression, `names`
    are theirs. Tests of a lower `cost` are tried first.
    """

    name: str
    expected: str
    cost: int
    check: "Callable[[Subject], bool]"
    actual: "Callable[[Subject], str]"
    groups: "Callable[[Subject], Mapping[str, str]] | None" = None
    names: tuple[str, ...] = ()


class Condition(msgspec.Struct, frozen=True):
    """What a rule matches: all tests must hold; none at all match everything.

    `names` are those of all named groups; `written` is the condition as data; `distinct` has the tests
    as a set: rules that say the same share them.
    """

    tests: tuple[Test, ...] = ()
    names: tuple[str, ...] = ()
    written: Mapping[str, Any] = NOTHING
    distinct: frozenset[Test] = frozenset()


# ---------------------------------------------------------------------------------------------- what is answered


class ToolCallSpec(msgspec.Struct, frozen=True):
    """A tool call that is still to be written; `arguments` are a text, or a value whose JSON is sent."""

    name: str
    arguments: Any = NOTHING
    id: str | None = None


class Recipe(msgspec.Struct, frozen=True):
    """A choice that is still to be written: like a `Draft`. With `json`, `text` is a value whose JSON is the text."""

    reasoning: Written = ""
    text: Any = ""
    json: bool = False
    tool_calls: tuple[ToolCallSpec, ...] = ()
    finish: FinishReason = "stop"


class Generate(msgspec.Struct, frozen=True):
    """Let the generator answer, with so many tokens of text and of reasoning, and from this seed. None: as it would."""

    tokens: int | None = None
    reasoning_tokens: int | None = None
    seed: str | None = None


class ErrorSpec(msgspec.Struct, frozen=True):
    """An error to answer. The fields that are given override what the kind would say."""

    kind: ErrorKind
    message: "Written | None" = None
    status: int | None = None
    type: str | None = None
    code: str | None = None
    param: str | None = None
    flat: bool | None = None


class RawSpec(msgspec.Struct, frozen=True):
    """Any HTTP answer, byte for byte."""

    status: int
    headers: tuple[tuple[str, Written], ...]
    body: bytes


class UsageSpec(msgspec.Struct, frozen=True):
    """What the usage is to say; None: what was counted."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None


class Pace(msgspec.Struct, frozen=True):
    """How fast an answer comes, as `emulator.faults.pace` takes it. `jitter` is a fraction of each delay."""

    first_token: Distribution
    between: Distribution
    jitter: float = 0.0
    chunk: Literal["token", "word", "whole"] | int = "token"


class FaultSpec(msgspec.Struct, frozen=True):
    """What goes wrong, where, and how (`value`, as the registry of faults takes it)."""

    what: str
    value: Any
    where: Where | None = None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of a rule. One of `choices`, `generate`, `error`, `raw` and `frames` is given.

    `times` is how often it is played before the next one's turn (None: without end), `probability` its chance to be
    played when it is its turn; `obey` says whether the request's limits cut it.
    """

    choices: tuple[Draft | Recipe, ...] = ()
    generate: Generate | None = None
    error: ErrorSpec | None = None
    raw: RawSpec | None = None
    frames: tuple[bytes, ...] | None = None
    retry_after: float | None = None
    headers: tuple[tuple[str, Written], ...] = ()
    finish: FinishReason | None = None
    usage: UsageSpec | None = None
    model: str | None = None
    id: str | None = None
    stream: Pace | None = None
    faults: tuple[FaultSpec, ...] = ()
    times: int | None = 1
    probability: float | None = None
    set_state: Mapping[str, str] = NOTHING
    name: str = ""
    obey: bool = True
    line: int = 0


class Rule(msgspec.Struct, frozen=True):
    """Requests that match `when` get successive replies; `then` says what comes after the last one.

    `sole` is the reply of a rule whose turn it always is.
    """

    name: str
    when: Condition
    replies: tuple[Reply, ...]
    then: Then = "repeat"
    line: int = 0
    sole: Reply | None = None

    @property
    def always_answers(self) -> bool:
        """Whether no request that the rule matches goes on to a later rule."""
        if self.then == "unscripted":
            return False
        return self.then == "fail" or any(reply.probability is None for reply in self.replies)


# ---------------------------------------------------------------------------------------------- the world around it


class ClockSpec(msgspec.Struct, frozen=True):
    """Where the clock starts, in Unix seconds, and how fast it runs (0: frozen). None: as it is."""

    start: float | None = None
    rate: float | None = None


class Expectation(msgspec.Struct, frozen=True):
    """What is to be true in the end: a rule answered so many times (None: at least once), or the client waited."""

    rule: str | None = None
    times: int | None = None
    no_request_within_retry_after: bool = False
    line: int = 0


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A story.

    `models` are fields of catalogue entries, as `Catalog.with_models` takes them; `backends` are what they run on, by
    their ids; `source` is where the scenario was read. `sharing` tells of each test which rules have it,
    a bit a rule: when it fails for one, the others need not be looked at.
    """

    name: str
    description: str = ""
    rules: tuple[Rule, ...] = ()
    account: Terms | None = None
    clock: ClockSpec | None = None
    models: Mapping[str, Mapping[str, Any]] = NOTHING
    backends: Mapping[str, Backends] = NOTHING
    unscripted: Unscripted = "generate"
    expect: tuple[Expectation, ...] = ()
    source: str = ""
    sharing: Mapping[Test, int] = MappingProxyType({})
