"""One inference as people and tests read it."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from emulator.core.decimals import decimal
from emulator.core.fields import NOT_JSON
from emulator.core.vocabulary import Usage

Outcome: TypeAlias = Literal["running", "completed", "failed", "hung up", "cut by client"]


class Moment(msgspec.Struct, frozen=True):
    """A send: `at` seconds after the request came, `size` bytes of the body went out."""

    at: float
    size: int


class Inference(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one request. Times are in Unix seconds of the emulator's clock.

    `number` counts the inferences of a server from 1; `id` is the header Inference-Id. `key` is masked, and
    `namespace` is a fingerprint that is the same for the same key. `body` is the request as it was sent and `response`
    the body of the answer as far as it was sent, both without secrets; what does not fit is cut, and `body_cut` and
    `response_cut` say so; `response_lossy` says that bytes which are no UTF-8 are shown as U+FFFD. `question` is the
    same for requests that ask the same, `stream` and all; of a body that was refused unread only the length is known.

    `answered_by` is scenario/rule, generator, or the kind of the error that refused it. `error` is the kind of the
    error that was told, `retry_after` what the answer said of that, in seconds. `first_byte` is in seconds after
    `started`; `ended` is None while it runs. `charge` is what the usage costs at the model's prices, whoever pays.
    `complete` says that the body was ended as HTTP has it, be it too early. The timeline's last moment stands for all
    sends that had no room.
    """

    number: int
    id: str
    key: str
    namespace: str
    endpoint: str
    model: str | None
    stream: bool
    headers: Mapping[str, str]
    body: str
    body_cut: bool
    question: str
    answered_by: str
    outcome: Outcome
    status: int
    started: float
    ended: float | None = None
    error: str | None = None
    message: str | None = None
    retry_after: float | None = None
    first_byte: float | None = None
    timeline: tuple[Moment, ...] = ()
    response_headers: tuple[tuple[str, str], ...] = ()
    response: str = ""
    response_cut: bool = False
    response_lossy: bool = False
    complete: bool = False
    usage: Usage | None = None
    charge: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the client got a whole answer and no error."""
        return self.outcome == "completed" and self.status < 400

    @property
    def truncated(self) -> bool:
        """Whether an answer began and the server ended it too early: by a hang-up, or by an error in the stream."""
        return self.status == 200 and self.outcome in ("hung up", "failed")

    @property
    def rule(self) -> str | None:
        """The name of the rule that answered, without its scenario's."""
        return self.answered_by.partition("/")[2] or None

    @property
    def request(self) -> Any:
        """The JSON of the body; None for one that is none, or that was cut."""
        try:
            return msgspec.json.decode(self.body) if self.body and not self.body_cut else None
        except NOT_JSON:
            return None

    def as_dict(self) -> dict[str, Any]:
        """All fields, in types that JSON has."""
        told: dict[str, Any] = msgspec.to_builtins(self)
        return told | {"outcome": self.ending}

    @property
    def ending(self) -> str:
        """The outcome in words, such as "failed: rate_limited"."""
        return f"failed: {self.error}" if self.outcome == "failed" else self.outcome

    def line(self) -> str:
        """One line for people."""
        took = "" if self.ended is None else f" in {self.ended - self.started:.3f} s"
        sent = sum(moment.size for moment in self.timeline)
        tokens = f"{self.usage.completion_tokens} tokens" if self.usage else f"{sent} bytes"
        return "  ".join(
            [
                f"#{self.number}",
                self.endpoint,
                self.model or "-",
                f"{self.status or '-'} {'stream' if self.stream else 'whole'}",
                f"{tokens}{took}",
                f"key {self.key}" if self.key else "no key",
                f"by {self.answered_by}: {self.ending}",
                *([f"retry after {decimal(self.retry_after, 3)} s"] if self.retry_after is not None else []),
                self.id,
            ]
        )
