"""Why a request got its answer: the scenario that was chosen, and what each of its rules made of the request."""

from collections.abc import Callable, Mapping
from typing import Literal, Self, TypeAlias

import msgspec

from emulator.core.printable import one_line

Result: TypeAlias = Literal["answered", "passed over", "differs", "comes later"]
"""What became of a rule: it answered; it matched, but had no reply for this request; it did not match; or it would
have matched, but an earlier rule answered."""


class RuleCheck(msgspec.Struct, frozen=True):
    """What a rule of a scenario made of a request."""

    rule: str
    """The name of the rule."""
    line: int
    """Where the rule begins in its file; 0 if it has none."""
    result: Result
    """What became of the rule: "answered", "passed over", "differs" or "comes later"."""
    reasons: tuple[str, ...] = ()
    """Phrases: what the rule expects if it answered, the differences, or why it was passed over."""
    distance: tuple[int, float, int] = (0, 0.0, 0)
    """How far the rule is from matching: the nearest rule has the smallest distance."""

    def __str__(self) -> str:
        """Return a line such as `weather (line 3): last_user: expected "rain", got "sun"`."""
        return f"{self.rule}{self.place}: {'; '.join(self.reasons) or self.result}"

    @property
    def place(self) -> str:
        """Where the rule is, such as " (line 3)"; empty if it is in no file."""
        return f" (line {self.line})" if self.line else ""


class FaultApplied(msgspec.Struct, frozen=True):
    """A fault of an answer, and the place where it happens."""

    fault: str
    """The name of the fault, such as "stall"."""
    value: str
    """Its value in words, such as "2s"; empty if it needs none."""
    kind: str = ""
    """The kind of the place: "before", "after" or "at"; empty for a fault that has no place."""
    name: str = ""
    """The name of the place, such as "tokens"."""
    count: int = 0
    """The number that belongs to it, such as that of the tokens."""

    def __str__(self) -> str:
        """Return the fault and its value, such as "stall 2s"."""
        return f"{self.fault} {self.value}".rstrip()

    @property
    def place(self) -> str:
        """The place in words, such as "after 3 tokens"."""
        return " ".join(filter(None, (self.kind, str(self.count or ""), self.name)))


class TurnTaken(msgspec.Struct, frozen=True):
    """Where a scenario was when it answered: the reply of the rule that answered, and the states before it."""

    reply: int
    """Which of the rule's replies it was; the first is 1. 0 if no rule answered."""
    replies: int
    """How many replies the rule has."""
    states: Mapping[str, str] = {}
    """The states that earlier replies had set."""


class Explanation(msgspec.Struct, frozen=True):
    """Why a request got its answer.

    `scenario` is the name of the scenario that was chosen and `chosen_by` what chose it, as a phrase; None and an empty
    text if nothing did. `answered_by` is the rule, "generator", "echo", or the kind of an error. `rules` are the rules
    in their order; there are none if the request was refused before. `warning` is for a key that nearly names a
    scenario, in a dry run for a model that is unknown, and for what of the request has no effect. `faults` are those of
    the reply, and `turn` says which reply it was.
    """

    scenario: str | None = None
    chosen_by: str = ""
    answered_by: str = "generator"
    rules: tuple[RuleCheck, ...] = ()
    warning: str = ""
    faults: tuple[FaultApplied, ...] = ()
    turn: TurnTaken | None = None

    @classmethod
    def of_nothing(cls, request: Callable[[], object], short: bool, answered_by: str = "generator") -> Self:
        """The explanation of an answer for which no scenario was chosen, whatever the request."""
        return cls(answered_by=answered_by)

    @property
    def nearest(self) -> RuleCheck | None:
        """The rule that is nearest to matching, if none matched."""
        differing = [check for check in self.rules if check.result == "differs"]
        return min(differing, key=lambda check: check.distance, default=None)

    def __str__(self) -> str:
        """Return the reason in one sentence, and the warning."""
        return f"{self._reason} {self.warning}".rstrip()

    @property
    def _reason(self) -> str:
        if self.scenario is None:
            asked = "" if self.answered_by != "generator" or self.warning else "; no scenario was asked for"
            return f"{self._who}{asked}."
        chosen = f"the scenario '{self.scenario}' (chosen by {self.chosen_by})"
        answered = next((check for check in self.rules if check.result == "answered"), None)
        if answered is not None:
            refused = "" if "/" in self.answered_by else f", but the request was refused with {self.answered_by}"
            expected = " and ".join(answered.reasons)
            why = f"it expects {expected}" if expected else "it has no conditions"
            return f"The rule '{answered.rule}'{answered.place} of {chosen} matches{refused}: {why}."
        if not self.rules:
            return f"{self._who}; no rule of {chosen} was tried."
        passed_over = next((check for check in self.rules if check.result == "passed over"), None)
        if passed_over is not None:
            rule, left = f"the rule '{passed_over.rule}'{passed_over.place} of {chosen}", "; ".join(passed_over.reasons)
            return f"{self._who}; {rule} matches, but has no reply left for this request ({left})."
        return f"{self._who}; no rule of {chosen} matches. The nearest is {self.nearest}."

    @property
    def _who(self) -> str:
        match self.answered_by.rpartition("/")[2]:
            case "generator":
                return "The generator answered"
            case "echo":
                return "The request was echoed"
            case refusal:
                return f"The request was refused with {refusal}"

    def table(self, reason: str | None = None) -> str:
        """Return the reason, or another sentence for it, a line for each rule, and the warning."""
        wide = max((len(check.rule) for check in self.rules), default=0)
        rows = [
            f"  {check.rule:<{wide}}  line {check.line:<4} {check.result:<11}  {'; '.join(check.reasons)}".rstrip()
            for check in self.rules
        ]
        warning = [f"Warning: {self.warning}"] if self.warning and self.scenario is not None else []
        return "\n".join(map(one_line, [reason or str(self), *rows, *warning]))
