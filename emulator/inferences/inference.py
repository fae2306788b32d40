"""One inference as people and tests read it."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from emulator.core.decimals import decimal
from emulator.core.explanation import FaultApplied, RuleCheck, TurnTaken
from emulator.core.fields import NOT_JSON
from emulator.core.printable import one_line
from emulator.core.vocabulary import Usage

Outcome: TypeAlias = Literal["running", "completed", "failed", "hung up", "cut by client"]


class Moment(msgspec.Struct, frozen=True, gc=False):
    """One send: a part of the response body, and when it was sent."""

    at: float
    """The time of the send, in seconds after the request arrived."""
    size: int
    """The number of bytes."""


class Inference(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The record of one request and of its answer."""

    number: int
    """The position in the record of the server; the first is 1."""
    id: str
    """The header Inference-Id."""
    key: str
    """The API key; masked, unless it names a scenario and so is no secret."""
    namespace: str
    """A fingerprint of the key: the same for the same key."""
    endpoint: str
    """The name of the endpoint, such as "chat"; for a path that does not exist, the method and the path."""
    model: str | None
    """The model as the request names it; None for a request that could not be read."""
    catalogue_model: str | None = None
    """The id of the model that answers to this name; None if the catalogue has none."""
    stream: bool
    """Whether the request asks for a stream."""
    headers: Mapping[str, str]
    """The headers of the request, without secrets."""
    body: str
    """The body of the request, without secrets; at most the first MiB."""
    body_cut: bool
    """Whether the body was longer."""
    question: str
    """A fingerprint of the endpoint, of the body except `stream` and `stream_options`, and of the headers that change
    the meaning. Of a body that was refused unread only the length is known."""
    answered_by: str
    """The scenario and the rule that answered ("scenario/rule"), "generator", or the kind of the error."""
    scenario: str | None = None
    """The name of the scenario that was chosen for the request; None if none was."""
    chosen_by: str = ""
    """What chose it: "the key", "activation of the key", "the server", or a header."""
    why: str = ""
    """Why the request got this answer, in a sentence."""
    rules: tuple[RuleCheck, ...] = ()
    """What each rule of the scenario made of the request, in their order; empty if it was refused before."""
    faults: tuple[FaultApplied, ...] = ()
    """The faults of the answer, in the order of the scenario."""
    turn: TurnTaken | None = None
    """Which reply of its rule it got, and the states of the scenario before; None if no scenario was asked."""
    warning: str = ""
    """What the client's author should know: the key nearly names a scenario, or something was passed over."""
    outcome: Outcome
    """How the answer ended: "failed" after an error, "hung up" after a fault, "cut by client" after a disconnect."""
    status: int
    """The HTTP status of the answer; 0 if there is none."""
    started: float
    """When the request arrived, in Unix seconds of the emulator's clock."""
    ended: float | None = None
    """When the answer ended, in Unix seconds of the emulator's clock; None while it runs."""
    error: str | None = None
    """The kind of the error that was sent, as a status or in the stream."""
    message: str | None = None
    """The message of that error."""
    retry_after: float | None = None
    """The Retry-After of the answer, in seconds."""
    queued: float | None = None
    """How many seconds the request waited for a backend; None if it did not wait."""
    first_byte: float | None = None
    """When the first byte of the body was sent, in seconds after `started`."""
    timeline: tuple[Moment, ...] = ()
    """The sends of the response body, in order; the 4096th entry, if there is one, includes all later sends."""
    response_headers: tuple[tuple[str, str], ...] = ()
    """The headers of the answer."""
    response: str = ""
    """The body of the answer as far as it was sent, without secrets; at most the first MiB."""
    response_cut: bool = False
    """Whether the response was longer."""
    response_lossy: bool = False
    """Whether the response has bytes that are not UTF-8, which are shown as U+FFFD."""
    complete: bool = False
    """Whether the HTTP response ended properly, even if the answer in it was cut."""
    usage: Usage | None = None
    """The tokens of the request and the answer; None if there was no answer."""
    fingerprint: str = ""
    """As `question`, but of the whole body."""
    messages: tuple[tuple[str, str, tuple[str, ...], str], ...] | None = None
    """Where the body was cut: of each message the role, and fingerprints of its text, its tool calls and the rest."""
    answer: tuple[str, tuple[str, ...]] | None = None
    """Where the response was cut: fingerprints of its text and of its tool calls."""
    charge: str | None = None
    """The price of the usage, such as "0.0000013 USD"; None if there is no usage or no price."""

    @property
    def ok(self) -> bool:
        """Whether the client received a complete answer and no error."""
        return self.outcome == "completed" and self.status < 400

    @property
    def truncated(self) -> bool:
        """Whether the answer began with status 200 and was cut by a hang-up or by an error in the stream."""
        return self.status == 200 and self.outcome in ("hung up", "failed")

    @property
    def rule(self) -> str | None:
        """The name of the rule that answered, without the name of its scenario; None if no rule did."""
        return self.answered_by.partition("/")[2] or None

    @property
    def exists(self) -> bool:
        """Whether the endpoint exists."""
        return " " not in self.endpoint

    @property
    def fallback(self) -> bool:
        """Whether a scenario was chosen, and none of its rules answered."""
        return bool(self.rules) and all(check.result != "answered" for check in self.rules)

    @property
    def request(self) -> Any:
        """The decoded JSON body; None if it is not JSON or was cut."""
        try:
            return msgspec.json.decode(self.body) if self.body and not self.body_cut else None
        except NOT_JSON:
            return None

    def as_dict(self) -> dict[str, Any]:
        """Return all fields, in types that JSON has; `outcome` is the `ending`."""
        told: dict[str, Any] = msgspec.to_builtins(self)
        return told | {"outcome": self.ending}

    @property
    def ending(self) -> str:
        """The outcome in one text, with the kind of the error: "failed: rate_limited"."""
        return f"failed: {self.error}" if self.outcome == "failed" else self.outcome

    @property
    def _named(self) -> str:
        """The model as the request names it, and the one that answers if that is another."""
        asked, answering = self.model or "-", self.catalogue_model
        return asked if answering is None or asked.replace("--", "/") == answering else f"{asked} as {answering}"

    def line(self) -> str:
        """Return a summary on one line, which is also the line of the log."""
        took = "" if self.ended is None else f" in {self.ended - self.started:.3f} s"
        sent = sum(moment.size for moment in self.timeline)
        tokens = f"{self.usage.completion_tokens} tokens" if self.usage else f"{sent} bytes"
        return one_line(
            "  ".join(
                [
                    f"#{self.number or '-'}",
                    self.endpoint,
                    self._named,
                    f"{self.status or '-'} {'stream' if self.stream else 'whole'}",
                    f"{tokens}{took}",
                    f"key {self.key}" if self.key else "no key",
                    ": ".join(
                        [
                            f"by {self.answered_by}",
                            self.ending,
                            *([self.message.replace("\n", " ")] if self.message else []),
                        ]
                    ),
                    *([self.why] if self.fallback or self.warning else []),
                    *([f"retry after {decimal(self.retry_after, 3)} s"] if self.retry_after is not None else []),
                    self.id,
                ]
            )
        )
