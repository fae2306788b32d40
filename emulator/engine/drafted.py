"""The content of an answer, which is made while its steps are read."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from emulator.core.drafts import PlannedChoice, content_steps
from emulator.core.errors import Rejected
from emulator.core.ready import ReadyEvents, ReadySteps
from emulator.core.vocabulary import (
    End,
    Event,
    Failure,
    Progress,
    Reasoning,
    Start,
    Step,
    Text,
    TokenLogprob,
    Usage,
)

_KEPT = 8192
"""Events, tokens and log probabilities of an answer whose steps are kept, in all."""
AT_ONCE = 1024
"""Tokens of an answer whose steps are all made before the first is sent, if that is quick."""
_ECHOED = 256
"""Tokens of an echo that one event has, if they have log probabilities."""

_OFTEN = 16
"""Tokens of an echo between two signs of progress."""


class Contest(NamedTuple):
    """The candidates for the choices of one prompt, of which the `n` likeliest are sent, as for `best_of`.

    `scored` are the same candidates with log probabilities.
    """

    candidates: Sequence[PlannedChoice]
    scored: Sequence[PlannedChoice]
    n: int


class _Content(NamedTuple):
    """What an answer has between its start and its end, and its tokens, of which some are of the reasoning."""

    events: ReadyEvents
    tokens: int
    reasoning: int

    def steps(self, start: Start) -> ReadySteps:
        """Return the steps of the answer to one request."""
        return ReadySteps(start, self.events, Usage(start.prompt_tokens, self.tokens, self.reasoning))


class DraftedAnswer:
    """The choices of an answer, or the contests that decide on them. Short answers keep their steps.

    `discarded` is the number of tokens that are counted and not sent, besides those of the contests.
    """

    def __init__(
        self, choices: Sequence[PlannedChoice] = (), discarded: int = 0, contests: Sequence[Contest] = ()
    ) -> None:
        self.choices = choices
        self.discarded = discarded
        self._contests = contests
        self._kept: dict[tuple[bool, bool], _Content] = {}

    def steps(self, start: Start, *, whole: bool, hide_reasoning: bool) -> Iterable[Step]:
        """Make the steps of the answer, with its usage, while they are read."""
        kept = self._kept.get((whole, hide_reasoning))
        if kept is not None:
            return kept.steps(start)
        if self._contests or not all(choice.is_quick for choice in self.choices):
            return self._made(start, whole, hide_reasoning)
        steps = content_steps(self.choices, whole=whole, hide_reasoning=hide_reasoning)
        begun: list[Step] = []
        tokens = reasoning = 0
        for step in steps:
            begun.append(step)
            event = step.event
            tokens += event.tokens
            if type(event) is Reasoning:
                reasoning += event.tokens
            if tokens > AT_ONCE:
                return self._made(start, whole, hide_reasoning, chain(begun, steps))
        kept = _Content(ReadyEvents(begun), tokens + self.discarded, reasoning)
        self._kept[whole, hide_reasoning] = kept
        return kept.steps(start)

    def _made(
        self, start: Start, whole: bool, hide_reasoning: bool, steps: Iterable[Step] | None = None
    ) -> Iterator[Step]:
        """Make the steps of the answer, or those around the `steps` of its choices."""
        yield Step(0.0, start)
        content: list[Step] = []
        room, reasoning = _KEPT, 0
        try:
            choices, tokens = yield from self._chosen()
            for step in steps or content_steps(choices, whole=whole, hide_reasoning=hide_reasoning):
                event = step.event
                tokens += event.tokens
                if type(event) is Reasoning:
                    reasoning += event.tokens
                if room > 0:
                    room -= _cost(event.logprobs) if type(event) is Text and event.logprobs else 1 + event.tokens
                    content.append(step)
                yield step
        except Rejected as rejected:  # a choice that cannot be made, after others were
            yield Step(0.0, Failure(rejected.error))
            return
        if room > 0:
            self._kept[whole, hide_reasoning] = _Content(ReadyEvents(content), tokens, reasoning)
        yield Step(0.0, End(Usage(start.prompt_tokens, tokens, reasoning)))

    def _chosen(self) -> Generator[Step, None, tuple[Sequence[PlannedChoice], int]]:
        """Decide the contests; returns the choices, and the number of tokens that are not sent."""
        if not self._contests:
            return self.choices, self.discarded
        choices: list[PlannedChoice] = []
        discarded = self.discarded
        for contest in self._contests:
            sizes: list[int] = []
            means: list[float] = []
            for candidate in contest.scored:
                size, mean = yield from _scored(candidate)
                sizes.append(size)
                means.append(mean)
            order = sorted(range(len(means)), key=means.__getitem__, reverse=True)
            choices += [contest.candidates[at] for at in order[: contest.n]]
            discarded += sum(sizes[at] for at in order[contest.n :])
        return choices, discarded


def _scored(candidate: PlannedChoice) -> Generator[Step, None, tuple[int, float]]:
    """The number of tokens of a candidate and its mean log probability; without text it counts as certain."""
    size, logprobs = 0, []
    for event in candidate.events(0, whole=True, hide_reasoning=True):
        size += event.tokens
        if isinstance(event, Text):
            logprobs += [entry.logprob or 0.0 for entry in event.logprobs or ()]
        yield Step(0.0, Progress())
    return size, sum(logprobs) / len(logprobs) if logprobs else 0.0


def _cost(logprobs: Sequence[TokenLogprob]) -> int:
    return len(logprobs) * (2 + len(logprobs[-1].top))


class Echoed(NamedTuple):
    """A choice with its prompt in front, which is sent and is no part of the answer.

    `describe`, if given, makes the log probabilities of the prompt.
    """

    choice: PlannedChoice
    prompt: str
    describe: Callable[[str], Iterator[TokenLogprob]] | None = None

    @property
    def is_quick(self) -> bool:
        """Whether many of its events can be made at once (see `PlannedChoice`)."""
        return self.describe is None and self.choice.is_quick

    def events(self, choice: int, *, whole: bool, hide_reasoning: bool) -> Iterator[Event]:
        """Make the events of the choice (see `PlannedChoice`)."""
        if self.prompt and self.describe is None:
            yield Text(choice, self.prompt, 0)
        elif self.prompt and self.describe is not None:
            yield from _described(choice, self.describe(self.prompt))
        yield from self.choice.events(choice, whole=whole, hide_reasoning=hide_reasoning)


def _described(choice: int, prompt: Iterator[TokenLogprob]) -> Iterator[Event]:
    """The events of an echo with log probabilities. A character of several tokens is in one event."""
    entries: list[TokenLogprob] = []
    for entry in prompt:
        entries.append(entry)
        if len(entries) % _OFTEN == 0:
            yield Progress()
        if entry.token and len(entries) >= _ECHOED:
            yield _echo(choice, entries)
            entries.clear()
    if entries:
        yield _echo(choice, entries)


def _echo(choice: int, entries: Sequence[TokenLogprob]) -> Text:
    return Text(choice, "".join(entry.token for entry in entries), 0, tuple(entries))
