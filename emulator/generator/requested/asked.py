"""The texts of a request that may say what its answer must be, and what is made of them."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from emulator.core.regexes import late
from emulator.core.seeds import Seed
from emulator.core.vocabulary import InferenceRequest, Sampling
from emulator.generator.composing import Composition, composed, last_words
from emulator.generator.grammar import NonTerminal, Run, run, tokens
from emulator.generator.requested.reading import window
from emulator.generator.speech import speak
from emulator.generator.topics import relevant

if TYPE_CHECKING:
    from emulator.schema_values import Budget

Made: TypeAlias = str | Composition
"""An answer: its whole text, or rules of the grammar and phrases for them."""
Make: TypeAlias = Callable[[Seed], Made]
"""Makes the answer of one choice. Raises what `emulator.schema_values.value` raises, or ValueError."""

_ABOUT_CODE = late(
    r"\b(?:write|create|implement|show|give|fix|debug|review|explain|need)\b[^.?!\n]{0,60}"
    r"\b(?:function|script|code|program|class|parser|regex|snippet|test|endpoint|component)s?\b",
    re.IGNORECASE,
)
_STEPS = 20_000
_STEPS_A_CHARACTER = 60
_SPOKEN = 2_000
_LONGEST_OF_ONE_TASK = 6_000
"""Characters of a system message that describes one task; a longer one, or one with tools, describes an agent."""
_SENTENCES = 400
_SENTENCE_END = late(r"(?<=[.?!])\s+(?=\S)|\n+")


class Asked:
    """What a request says, and the budget for the schemas in it, which all choices share."""

    def __init__(self, request: InferenceRequest) -> None:
        self.request = request
        self.user = window(last_words(request))
        system = [window(text) for text in system_texts(request)]
        self.texts = [self.user, *system]
        self.instructions = [
            self.user,
            *(text for text in system if not request.tools and len(text) <= _LONGEST_OF_ONE_TASK),
        ]

    @cached_property
    def is_about_code(self) -> bool:
        """Whether the user asks for a program, whose requirements are no form of the answer."""
        return _ABOUT_CODE.search(relevant(self.user)) is not None

    @cached_property
    def whole(self) -> str:
        """All that is looked at."""
        return "\n\n".join(self.texts)

    def value(self, schema: Mapping[str, Any] | bool, seed: Seed, about: str = "") -> Any:
        """A value for a schema that stands in the request; `about` is the text that it speaks of."""
        from emulator.generator.filling import filled  # noqa: PLC0415 - as the last
        from emulator.generator.hints import hints  # noqa: PLC0415 - as the next
        from emulator.schema_values import check, value  # noqa: PLC0415 - most answers do not pay its import

        check(schema, budget=self._budget)
        words = filled(schema, hints(relevant(about), schema), seed, self._budget) if about else {}
        return value(schema, seed, hints=words, budget=self._budget)

    def sentence(self, seed: Seed) -> str:
        """A sentence about the topic of the request."""
        return spoken(self, [NonTerminal("sentence", False), *run(tokens("."))], seed)

    @cached_property
    def _budget(self) -> "Budget":
        from emulator.schema_values import Budget  # noqa: PLC0415 - as above
        from emulator.schema_values.budget import STEPS  # noqa: PLC0415 - as above

        return Budget(min(STEPS, _STEPS + _STEPS_A_CHARACTER * len(self.whole)))


def sentences(text: str) -> list[str]:
    """Return the sentences and lines of the beginning of a text."""
    return _SENTENCE_END.split(text)[:_SENTENCES]


def spoken(asked: Asked, symbols: Sequence[NonTerminal | Run], seed: Seed) -> str:
    """What the symbols of the grammar say about the topic of the request."""
    walk = composed([*symbols, NonTerminal("final", False)], asked.request).walk()
    return "".join(piece for piece, _ in speak(walk, Sampling(), seed, _SPOKEN))


def system_texts(request: InferenceRequest) -> list[str]:
    """The texts of the system and developer messages, the last first; no more than four of them are read."""
    return [message.text for message in reversed(request.messages) if message.role in ("system", "developer")][:4]
