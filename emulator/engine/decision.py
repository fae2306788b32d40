"""What a turn decides about a request."""

from typing import TYPE_CHECKING

import msgspec

from emulator.core.catalog import Model
from emulator.core.errors import Rejected
from emulator.core.prompt_sizes import PromptSize
from emulator.core.seeds import Seed
from emulator.engine.admission import Admitted
from emulator.engine.away import told_without_state
from emulator.engine.choosing import NOTHING, Choice

if TYPE_CHECKING:
    from emulator.engine.scripted import Chosen, Trace


class Decision(msgspec.Struct, frozen=True):
    """The result of a turn. `refused` is a refusal; `chosen` is the scenario's reply, or None for the generator.

    `elsewhere` is the id of a model whose backends all keys share; they must be asked for a slot before the decision.
    """

    identity: Seed
    size: PromptSize
    model: Model | None = None
    choice: Choice = NOTHING
    admitted: Admitted | None = None
    trace: "Trace | None" = None
    chosen: "Chosen | None" = None
    refused: Rejected | None = None
    elsewhere: str | None = None

    def without_state(self, away: Rejected) -> "Decision":
        """The decision if the store was not reached: the request holds nothing, and a warning says why."""
        choice = self.choice._replace(warning=f"{self.choice.warning} {told_without_state(away)}".lstrip())
        return msgspec.structs.replace(self, choice=choice, admitted=None)


def ids_of(identity: Seed) -> tuple[str, str]:
    """Return the inference id and the request id of a request."""
    return identity.uuid4(), f"req_{identity.letters(24)}"
