"""What a verdict consists of: findings and remarks, each with a name, a sentence, and the inferences that show it."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from emulator.inferences.inference import Inference

FINDINGS: Mapping[str, str] = {
    "ignored-retry-after": "It asked the same again before the time was over that Retry-After told.",
    "no-backoff": "It asked the same again and again without waiting, or always after the same time.",
    "retried-hopeless": "It asked the same again after an error that no retry can mend, such as a 400 or a 402.",
    "retried-forever": "It made too many attempts at one request.",
    "accepted-truncated": "It went on with a truncated answer as if that had been all of it.",
    "tool-call-loop": "It got the same tool call from the same rule three times or more in one conversation.",
}
"""The names of the findings, and what each says of a client."""


class Finding(msgspec.Struct, frozen=True, gc=False):
    """One observation of a client's behaviour, as the record shows it."""

    name: str
    """One of the names in inferences.md, such as ignored-retry-after."""
    sentence: str
    """A description of what the client did."""
    inferences: tuple[str, ...]
    """The Inference-Ids of the requests that show it, in order."""


class Verdict(msgspec.Struct, frozen=True):
    """The verdict on a client: certain mistakes are `findings`, possible mistakes are `remarks`.

    A verdict without findings is true.
    """

    findings: tuple[Finding, ...] = ()
    """Mistakes of the client that the record proves."""
    remarks: tuple[Finding, ...] = ()
    """Behaviour that may be a mistake, but need not be."""

    @property
    def finding_names(self) -> tuple[str, ...]:
        """The names of the findings, each once, in alphabetical order."""
        return tuple(sorted({finding.name for finding in self.findings}))

    def __bool__(self) -> bool:
        """Whether there are no findings."""
        return not self.findings


def finding(name: str, sentence: str, shown_by: Sequence[Inference]) -> Finding:
    """A finding about these inferences."""
    return Finding(name, sentence, tuple(each.id for each in shown_by))


def verdict_of(observations: Iterable[Finding]) -> Verdict:
    """The verdict that consists of these findings and remarks."""
    found = list(observations)
    certain = tuple(each for each in found if each.name in FINDINGS)
    return Verdict(certain, tuple(each for each in found if each.name not in FINDINGS))


def which(inference: Inference) -> str:
    """The inference as a sentence names it."""
    status = f"{inference.status} " if inference.status else ""
    return f"#{inference.number} {inference.endpoint} ({status}{inference.ending})"
