"""One more endpoint, POST /v1/echo, which has a dialect of its own and shares the surface of /v1."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec

from emulator.core.fields import Fields
from emulator.core.fold import Completion
from emulator.core.json_schemas import STRING, answered, asked, event, json_text
from emulator.core.plan import FrameMarks
from emulator.core.ready import ReadyEvents, ReadySteps
from emulator.core.settings import Settings
from emulator.core.vocabulary import Event, InferenceRequest, Message, Text, Verbatim
from emulator.dialects import Shapes
from emulator.dialects.decoding import Decoder
from emulator.dialects.endpoints import ENDPOINTS, Endpoint
from emulator.dialects.openai.surface import OpenAISurface, wording
from emulator.dialects.segments import joined

PATH = "/v1/echo"
SAMPLE = {"model": "meta-llama/Llama-3.3-70B-Instruct", "say": "Hello!"}


class Echo:
    """The dialect: `say` is what the user says, and `echo` what is answered."""

    endpoint = "echo"
    keep_alive = b":\n\n"
    marks = FrameMarks()

    def __init__(self, settings: Settings) -> None:
        self.surface = OpenAISurface(settings)

    def parse(self, body: dict[str, Any], headers: Mapping[str, str], key: str) -> InferenceRequest:
        """The request in neutral words. Raises `Rejected` for a field that is not as documented."""
        fields = Fields(body, wording)
        return InferenceRequest(
            endpoint="echo",
            model=fields.required_string("model"),
            messages=(Message("user", fields.required_string("say")),),
            stream=fields.boolean("stream", False),
            body=body,
            headers=headers,
            key=key,
        )

    @staticmethod
    def decoder() -> "EchoDecoder":
        """A decoder for one answer."""
        return EchoDecoder()

    def encoder(self, request: InferenceRequest, request_id: str) -> "EchoEncoder":
        """What writes the events of one stream."""
        return EchoEncoder()

    def parts(self, completion: Completion, request: InferenceRequest) -> Iterator[bytes]:
        """The JSON of a whole answer."""
        yield msgspec.json.encode({"echo": completion.choices[0].text})

    def ready_body(self, steps: ReadySteps, request: InferenceRequest) -> bytes:
        """The JSON of a whole answer that is ready."""
        return b"".join(self.parts(steps.completion(), request))


class EchoDecoder(Decoder):
    """Reads what the dialect writes."""

    def _payload(self, data: bytes) -> Iterator[Event]:
        """The text of a body or a frame."""
        yield from self._start()
        yield Text(0, msgspec.json.decode(data)["echo"])


class EchoEncoder:
    """Writes a frame for each text, and verbatim frames as they are."""

    def frames(self, event: Event) -> Sequence[bytes]:
        """The SSE frames of an event, each ending with a blank line."""
        match event:
            case Text():
                return (b"data: %b\n\n" % msgspec.json.encode({"echo": event.text}),)
            case Verbatim():
                return (event.frame,)
        return ()

    def ready_frames(self, ready: ReadyEvents) -> bytes:
        """The frames of all events between `Start` and `End`, joined."""
        return joined(ready, self.frames)


def shapes(settings: Settings) -> Shapes:
    """What is asked and answered."""
    told = {"EchoRequest": asked({"model": STRING, "say": STRING}), "Echo": answered({"echo": STRING})}
    return Shapes("Echo what is said", "EchoRequest", "Echo", event(json_text("Echo")), told)


ROW = Endpoint(
    "echo", PATH, f"{__name__}:Echo", f"{__name__}:shapes", ("say",), SAMPLE, claims=lambda body: "say" in body
)


def register() -> None:
    """Add the row, as editing the table would. Call it before anything that reads the table is imported."""
    cast(dict[str, Endpoint], ENDPOINTS)["echo"] = ROW
