"""Reading requests, writing answers, and reading answers back. This is about shapes only: no rules, no time, no money.

A dialect serves one endpoint; a surface is what the endpoints under one path share. To add a dialect, write what
`Dialect`, `Encoder` and `decoding.Decoder` describe, and add a row to the table in endpoints.py.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from emulator.core.errors import ApiError, ErrorKind
from emulator.core.fold import Completion
from emulator.core.json_schemas import Schema
from emulator.core.plan import FrameMarks
from emulator.core.ready import ReadyEvents, ReadySteps
from emulator.core.vocabulary import Event, InferenceRequest

if TYPE_CHECKING:
    from emulator.dialects.decoding import Decoder

BARE_ID = re.compile(r"[0-9a-f]{32}")
"""An id to which the dialect adds its prefix; any other is a scenario's own."""


class Shapes(NamedTuple):
    """What an endpoint is asked and what it answers, as JSON Schemas.

    `summary` says what the endpoint does. `request` and `answer` (a whole one) are names among the `components`, which
    have all that they and `event` refer to, and the errors and models of the surface. `event` is the schema of each
    server-sent event of a stream.
    """

    summary: str
    request: str
    answer: str
    event: Schema
    components: Mapping[str, Schema]


class Surface(Protocol):
    """What all endpoints under the path `prefix` have in common.

    `x_api_key`: that header can carry the key. `flat_errors`: errors have a flat shape as well.
    """

    prefix: str
    x_api_key: bool
    flat_errors: bool

    def error(self, error: ApiError, request_id: str) -> bytes:
        """The JSON body of an error."""
        ...

    def error_names(self, kind: ErrorKind) -> dict[str, str | None]:
        """The `type` of a kind of error, and its `code` if errors have one."""
        ...

    def error_schema(self, kind: ErrorKind) -> str:
        """The name of the JSON Schema of the body of an error."""
        ...

    def id_headers(self, inference_id: str, request_id: str) -> list[tuple[bytes, bytes]]:
        """The headers that tell the two ids of an answer."""
        ...


class Encoder(Protocol):
    """Writes the events of one stream. It keeps the little state that the frames need; one is made for each stream."""

    def frames(self, event: Event) -> Sequence[bytes]:
        """The SSE frames of an event, each ending with a blank line."""
        ...

    def ready_frames(self, ready: ReadyEvents) -> bytes:
        """The frames of all events between `Start` and `End`, joined."""
        ...


class Dialect(Protocol):
    """The shapes of one endpoint."""

    @property
    def endpoint(self) -> str:
        """The endpoint's name in the table of endpoints."""
        ...

    @property
    def keep_alive(self) -> bytes:
        """The frame that is sent when nothing else has been sent for a while."""
        ...

    @property
    def marks(self) -> FrameMarks:
        """Where the parts of an answer are in its frames."""
        ...

    @property
    def surface(self) -> Surface:
        """The surface to which the endpoint belongs."""
        ...

    def parse(self, body: dict[str, Any], headers: Mapping[str, str], key: str) -> InferenceRequest:
        """The request in neutral words. Raises `Rejected` for a field that is not as documented."""
        ...

    def encoder(self, request: InferenceRequest, request_id: str) -> Encoder:
        """What writes the events of one stream."""
        ...

    @staticmethod
    def decoder() -> "Decoder":
        """A decoder for one answer, whole or streamed."""
        ...

    def parts(self, completion: Completion, request: InferenceRequest) -> Iterable[bytes]:
        """The JSON of a whole answer, in parts that are encoded when they are read."""
        ...

    def ready_body(self, steps: ReadySteps, request: InferenceRequest) -> bytes:
        """The JSON of a whole answer that is ready."""
        ...
