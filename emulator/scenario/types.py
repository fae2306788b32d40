"""The parts of a scenario, as the loader makes them: immutable and valid. Durations are in seconds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import msgspec

from emulator.account.backends import Backends
from emulator.account.terms import Terms
from emulator.core.drafts import Draft
from emulator.core.errors import ErrorKind
from emulator.core.vocabulary import FinishReason
from emulator.faults.distributions import Distribution
from emulator.faults.where import Where
from emulator.scenario.subject import Subject
from emulator.scenario.template import Template

TextOrTemplate: TypeAlias = str | Template
Then: TypeAlias = Literal["repeat", "loop", "unscripted", "fail"]
Unscripted: TypeAlias = Literal["generate", "fail", "echo"]
NOTHING: Mapping[str, Any] = MappingProxyType({})


# ---------------------------------------------------------------------------------------------- conditions


class Comparison(msgspec.Struct, frozen=True):
    """How the criteria of one property can be tested together.

    `values` are values of a request, or texts. A criterion holds if one of them is one of the `words`, or contains one
    of them; one that `needs` the words holds only then. By `value`, whether it holds is only known to depend on these
    texts. In words with `case`, upper and lower case differ.
    """

    how: Literal["equals", "contains", "needs", "value"]
    values: Callable[[Subject], Sequence[Any]]
    words: tuple[Any, ...] = ()
    case: bool = False


class Criterion(msgspec.Struct, frozen=True, eq=False):
    """A test of one property of a request.

    `name` is the property, such as last_user or header.x-api-key, and `expected` says what it should be. `actual`
    describes what it is in a given request. `groups` returns the named groups of the criterion's regular expressions,
    `names` lists them. Criteria of lower `cost` are tried first. With a `comparison`, those of many rules are tested at
    once.
    """

    name: str
    expected: str
    cost: int
    check: Callable[[Subject], bool]
    actual: Callable[[Subject], str]
    groups: Callable[[Subject], Mapping[str, str]] | None = None
    names: tuple[str, ...] = ()
    comparison: Comparison | None = None


class Condition(msgspec.Struct, frozen=True):
    """The requests that a rule matches: those that meet all criteria. Without criteria it matches every request.

    `names` are the named groups of all criteria, `written` is the condition as the author wrote it. Equal criteria of
    several rules are one object; `distinct` is the set of the condition's own.
    """

    criteria: tuple[Criterion, ...] = ()
    names: tuple[str, ...] = ()
    written: Mapping[str, Any] = NOTHING
    distinct: frozenset[Criterion] = frozenset()


# ---------------------------------------------------------------------------------------------- replies


class ToolCallSpec(msgspec.Struct, frozen=True):
    """A tool call of a reply. `arguments` are sent as they are if they are a string, and as JSON otherwise."""

    name: str
    arguments: Any = NOTHING
    id: str | None = None


class ChoiceSpec(msgspec.Struct, frozen=True):
    """A choice of a reply, from which a `Draft` is made. With `json`, the text is the JSON of the value in `text`."""

    reasoning: TextOrTemplate = ""
    text: Any = ""
    json: bool = False
    tool_calls: tuple[ToolCallSpec, ...] = ()
    finish: FinishReason = "stop"
    own_finish: bool = False


class Generate(msgspec.Struct, frozen=True):
    """A reply that the generator writes. None leaves the number of tokens, or the seed, to the request."""

    tokens: int | None = None
    reasoning_tokens: int | None = None
    seed: str | None = None


class ErrorSpec(msgspec.Struct, frozen=True):
    """An error reply. Fields that are not None replace those that errors of this kind have."""

    kind: ErrorKind
    message: TextOrTemplate | None = None
    status: int | None = None
    type: str | None = None
    code: str | None = None
    param: str | None = None
    flat: bool | None = None


class RawSpec(msgspec.Struct, frozen=True):
    """An HTTP response that is sent as it is."""

    status: int
    headers: tuple[tuple[str, TextOrTemplate], ...]
    body: bytes


class UsageSpec(msgspec.Struct, frozen=True):
    """Numbers that replace those of the counted usage. None keeps the counted one."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None


class Pace(msgspec.Struct, frozen=True):
    """The timing of an answer: the arguments of `emulator.faults.pace`. `jitter` is a fraction of each delay."""

    first_token: Distribution
    between: Distribution
    jitter: float = 0.0
    chunk: Literal["token", "word", "whole"] | int = "token"


class FaultSpec(msgspec.Struct, frozen=True):
    """A fault by its name in `emulator.faults.FAULTS`, with its value and the place where it happens."""

    what: str
    value: Any
    where: Where | None = None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One reply of a rule. Exactly one of `choices`, `generate`, `error`, `raw` and `frames` is given.

    The reply is used `times` times before the next one (None: without end), each time with the given `probability`.
    With `obey`, the request's max_tokens, stop and n apply to it. `plain` is the draft of a reply that says nothing
    else about the answer.
    """

    choices: tuple[Draft | ChoiceSpec, ...] = ()
    generate: Generate | None = None
    error: ErrorSpec | None = None
    raw: RawSpec | None = None
    frames: tuple[bytes, ...] | None = None
    retry_after: float | None = None
    headers: tuple[tuple[str, TextOrTemplate], ...] = ()
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
    plain: Draft | ChoiceSpec | None = None
    line: int = 0


class Rule(msgspec.Struct, frozen=True):
    """A condition and the replies to successive requests that match it. `then` says what follows the last reply.

    `sole` is the reply of a rule that always answers with the same one.
    """

    name: str
    when: Condition
    replies: tuple[Reply, ...]
    then: Then = "repeat"
    line: int = 0
    sole: Reply | None = None

    @property
    def always_answers(self) -> bool:
        """Whether the rule answers every request that it matches, so that later rules never see one."""
        if self.then == "unscripted":
            return False
        return self.then == "fail" or any(reply.probability is None for reply in self.replies)


# ---------------------------------------------------------------------------------------------- scenarios


class ClockSpec(msgspec.Struct, frozen=True):
    """The time at which the clock starts, in Unix seconds, and its rate (0: frozen). None changes nothing."""

    start: float | None = None
    rate: float | None = None


class Expectation(msgspec.Struct, frozen=True):
    """An expectation of a test: a rule answered so many times (None: at least once), or the client waited."""

    rule: str | None = None
    times: int | None = None
    no_request_within_retry_after: bool = False
    line: int = 0


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario: its rules, and the account, clock and models that it starts with.

    `models` are fields of catalogue entries, as `Catalog.with_models` takes them; `backends` are those of each model,
    by its id; `source` is the file or name that mistakes refer to. `matching` gives the numbers of the rules that match
    a request, in their order (see `RuleIndex`). `aliases` are further names; `lines` has the line of the name and of
    each alias, as far as they are written in a text.
    """

    name: str
    aliases: tuple[str, ...] = ()
    description: str = ""
    rules: tuple[Rule, ...] = ()
    account: Terms | None = None
    clock: ClockSpec | None = None
    models: Mapping[str, Mapping[str, Any]] = NOTHING
    backends: Mapping[str, Backends] = NOTHING
    unscripted: Unscripted = "generate"
    expect: tuple[Expectation, ...] = ()
    source: str = ""
    matching: Callable[[Subject], Iterator[int]]
    lines: Mapping[str, int] = NOTHING

    @property
    def has_state(self) -> bool:
        """Whether answers depend on what was asked before, or on a clock of its own."""
        kept = self.account is not None or self.clock is not None or bool(self.backends)
        return kept or any(rule.sole is None or rule.sole.set_state for rule in self.rules)
