"""One inference as people and tests read it."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from emulator.core.decimals import decimal
from emulator.core.fields import NOT_JSON
from emulator.core.vocabulary import Usage

Outcome: TypeAlias = Literal["running", "completed", "failed", "hung up", "cut by client"]


class Moment(msgspec.Struct, frozen=True):
    """A send of a part of the body."""

    at: float
    """When it was sent, in seconds after the request came."""
    size: int
    """How many bytes were sent."""


class Inference(msgspec.Struct, frozen=True, kw_only=True):
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
    """The path of the endpoint, such as /v1/chat/completions."""
    model: str | None
    """The model as the request names it; None for a request that could not be read."""
    stream: bool
    """Whether the request asks for a stream."""
    headers: Mapping[str, str]
    """The headers of the request, without secrets."""
    body: str
    """The body of the request, without secrets; at most the first 64 KiB."""
    body_cut: bool
    """Whether the body was longer."""
    question: str
    """A fingerprint of the endpoint and the body. Of a body that was refused unread only the length is known."""
    answered_by: str
    """The scenario and the rule that answered ("scenario/rule"), "generator", or the kind of the error."""
    outcome: Outcome
    """How the answer ended, or that it is running."""
    status: int
    """The HTTP status of the answer; 0 if there is none."""
    started: float
    """When the request came, in Unix seconds of the emulator's clock."""
    ended: float | None = None
    """When the answer ended, in Unix seconds of the emulator's clock; None while it runs."""
    error: str | None = None
    """The kind of the error that was sent, as a status or in the stream."""
    message: str | None = None
    """The message of that error."""
    retry_after: float | None = None
    """What the Retry-After of the answer says, in seconds."""
    first_byte: float | None = None
    """When the first byte of the body was sent, in seconds after `started`."""
    timeline: tuple[Moment, ...] = ()
    """The sends of the body, in order; the last of 200 includes all later ones."""
    response_headers: tuple[tuple[str, str], ...] = ()
    """The headers of the answer."""
    response: str = ""
    """The body of the answer as far as it was sent, without secrets; at most the first 64 KiB."""
    response_cut: bool = False
    """Whether the response was longer."""
    response_lossy: bool = False
    """Whether bytes of the response that are no UTF-8 are shown as U+FFFD."""
    complete: bool = False
    """Whether the HTTP response was ended properly, even if the answer in it was cut."""
    usage: Usage | None = None
    """The tokens of the request and the answer; None if nothing was answered."""
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
    def request(self) -> Any:
        """The body as JSON; None if it is not JSON or was cut."""
        try:
            return msgspec.json.decode(self.body) if self.body and not self.body_cut else None
        except NOT_JSON:
            return None

    def as_dict(self) -> dict[str, Any]:
        """Return all fields, in types that JSON has."""
        told: dict[str, Any] = msgspec.to_builtins(self)
        return told | {"outcome": self.ending}

    @property
    def ending(self) -> str:
        """The outcome in words, such as "failed: rate_limited"."""
        return f"failed: {self.error}" if self.outcome == "failed" else self.outcome

    def line(self) -> str:
        """Return a summary on one line."""
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
