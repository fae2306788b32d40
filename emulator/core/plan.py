"""The plan of an answer: its timed steps, and everything else that was decided about it."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Protocol, TypeAlias

import msgspec

from emulator.core.catalog import Model
from emulator.core.errors import ApiError
from emulator.core.explanation import Explanation
from emulator.core.vocabulary import InferenceRequest, Step, Usage

Fault: TypeAlias = Callable[[Iterable[Step]], Iterator[Step]]
"""What goes wrong with an answer, as a pure function from steps to steps."""


class MissingPart(msgspec.Struct, frozen=True):
    """How a part of an answer is left out: the frames that go, and what is removed from all others and from a body."""

    frame: bytes = rb"(?!)"
    field: bytes = rb"(?!)"


class FrameMarks(msgspec.Struct, frozen=True):
    """Where the parts of an answer are in the frames and bodies of a dialect, as regular expressions.

    A pattern must not match the text of an answer, which is easy: quotes within a JSON string are escaped. `places`
    find the frame that each place is right before. `text` is the names of the JSON fields with text, as alternatives.
    `parts` are what the fault `drop` removes. What a dialect does not have is left out.
    """

    places: Mapping[str, bytes] = {}
    text: bytes = rb"(?!)"
    parts: Mapping[str, MissingPart] = {}


FrameFault: TypeAlias = Callable[[Iterator[bytes], FrameMarks], Iterator[bytes]]
"""What goes wrong below an event: a function from encoded frames, and the marks of their dialect, to frames."""


class QueuePlace(Protocol):
    """A place in a queue. The answer begins once it has a slot; at `deadline`, in Unix seconds, the wait fails."""

    @property
    def deadline(self) -> float:
        """When the wait ends, in Unix seconds."""
        ...

    def on_slot(self, wake: Callable[[], object]) -> None:
        """Register a callback for when the request gets its slot."""
        ...

    async def claim(self) -> tuple[tuple[str, str], ...] | None:
        """Return further headers of the answer once the request has its slot, and None if it has to wait on.

        Raises `Rejected` if there is no slot at the deadline.
        """
        ...


class Ending(Protocol):
    """What is called when an answer ends in any way; only the first call counts."""

    def __call__(self, used: Usage | None, *, owed: bool = True) -> Awaitable[None]:
        """Charge the usage that was sent; None means that nothing was.

        If the store is not reached, this is done as soon as it is. Unless `owed`, it raises `Rejected` instead.
        """
        ...


Why: TypeAlias = Callable[[Callable[[], InferenceRequest], bool], Explanation]
"""Explains a decision on a request, which a function returns; if it may be short, without rules that did not answer."""


class Plan(msgspec.Struct, frozen=True):
    """The content of an answer and its timing. `steps` is iterated once.

    `answered_by` names the rule or the generator that decided, for logs and records; `inference_id` and `request_id`
    are the values of the id headers; `headers` replace default headers of the same name; `frame_faults` are applied, in
    order, after encoding. `model` is the model that answers, as it was when the plan was made; None if there is none.
    If there is a queue, the answer first waits in `place`. `end` is called when the answer ends. `meter` is called, if
    the answer takes its time, with a function that returns the usage so far, and one that cuts the answer. `why`
    explains the decision to those who ask; it is given a function that returns the request again, so that nobody has to
    keep it. `warning` is for the person whose key nearly names a scenario, or whose request has something without
    effect.
    """

    steps: Iterable[Step]
    answered_by: str = ""
    inference_id: str = ""
    request_id: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    frame_faults: tuple[FrameFault, ...] = ()
    model: Model | None = None
    place: QueuePlace | None = None
    end: Ending | None = None
    why: Why = Explanation.of_nothing
    warning: str = ""
    meter: Callable[[Callable[[], Usage | None], Callable[[ApiError], None]], None] | None = None
