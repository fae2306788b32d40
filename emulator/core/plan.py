"""The plan of an answer: its timed steps, and all that was decided with them."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Protocol, TypeAlias

import msgspec

from emulator.core.catalog import Pricing
from emulator.core.vocabulary import Step, Usage

Fault: TypeAlias = Callable[[Iterable[Step]], Iterator[Step]]
"""What goes wrong with an answer, as a pure function from steps to steps."""

FrameFault: TypeAlias = Callable[[Iterator[bytes]], Iterator[bytes]]
"""What goes wrong below an event: a function from encoded frames to frames."""


class QueuePlace(Protocol):
    """A place in a queue: the answer begins once it has a slot, or at `deadline`, in Unix seconds, it never does."""

    @property
    def deadline(self) -> float:
        """Until when it waits."""
        ...

    def on_slot(self, wake: Callable[[], object]) -> None:
        """Have this called when it gets its slot."""
        ...

    async def claim(self) -> None:
        """Stop waiting. Raises `Rejected` if there is no slot."""
        ...


class Plan(msgspec.Struct, frozen=True):
    """What will be answered, and when. `steps` is iterated once.

    `answered_by` names the rule or the generator that decided, for logs and records; `inference_id` and `request_id`
    are the values of the id headers; `headers` replace those that the answer would have, name by name; `frame_faults`
    are applied, in order, after encoding. `pricing` is what the model cost that the plan was decided with; None for a
    refusal that no model was known for. The answer waits in `place` first, if there is a queue. Whatever becomes of the
    answer, `end` is called with what was sent of it (None: nothing); only the first call counts.
    """

    steps: Iterable[Step]
    answered_by: str = ""
    inference_id: str = ""
    request_id: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    frame_faults: tuple[FrameFault, ...] = ()
    pricing: Pricing | None = None
    place: QueuePlace | None = None
    end: Callable[[Usage | None], Awaitable[None]] | None = None
