"""The verdict on a client: each function inspects the attempts at one question and returns the findings of one kind."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from emulator.core.decimals import decimal
from emulator.core.errors import ERRORS
from emulator.dialects.conversation import RequestMessage
from emulator.dialects.endpoints import conversation
from emulator.inferences.inference import Inference
from emulator.inferences.said import text_of
from emulator.inferences.verdict.attempts import Retry, chains, failing_runs, retries
from emulator.inferences.verdict.findings import Finding, Verdict, finding

MOST_ATTEMPTS = 12
"""More than so many attempts at one question are too many, unless somebody says otherwise; Claude Code makes 11."""
HOPELESS = frozenset(row.status for row in ERRORS.values() if not row.retryable)
"""Statuses that are the same for the same request, however often it comes."""
TOLERANCE = 0.01
"""Seconds by which a wait may be too short: clocks are not finer in practice."""
_AT_ONCE = 0.1
_SAME_DELAY = 1.2
_SAME_RATIO = 1.01

Chain: TypeAlias = Sequence[Inference]


def verdict(inferences: Iterable[Inference], most_attempts: int = MOST_ATTEMPTS) -> Verdict:
    """What is to be said of the client that asked these, of one key or of several.

    A client is not held to what it cannot know, and only to what it does: an inference that still runs has no end yet.
    """
    asked = list(inferences)
    attempts = chains(asked)
    moved = not stood_still(asked)
    timed: list[Callable[[Chain], Iterator[Finding]]] = [_ignored_retry_after, _no_backoff] if moved else []
    findings = [found for chain in attempts for inspect in (*timed, _retried_hopeless) for found in inspect(chain)]
    findings += [found for chain in attempts for found in _retried_forever(chain, most_attempts)]
    remarks = [found for chain in attempts for remark in (_no_jitter, _double_spent) for found in remark(chain)]
    for found in _after_truncation(asked):
        (findings if found.name == "accepted-truncated" else remarks).append(found)
    waited_for = [retry for chain in attempts for retry in retries(chain)]
    if not moved and waited_for:
        told = "The clock stood still from the first request to the last: run it, or advance it while the client waits."
        remarks.append(finding("clock-stood-still", told, waited_for[0]))
    return Verdict(tuple(findings), tuple(remarks))


def stood_still(inferences: Iterable[Inference]) -> bool:
    """Whether no time passed between the first start and the last end, so that nobody can tell who waited."""
    return len({time for each in inferences for time in (each.started, each.ended) if time is not None}) <= 1


def too_early(before: Inference, after: Inference) -> bool:
    """Whether a request came in the time that Retry-After told to wait."""
    if before.retry_after is None or before.ended is None:
        return False
    return before.ended <= after.started < before.ended + before.retry_after - TOLERANCE


def _ignored_retry_after(chain: Chain) -> Iterator[Finding]:
    for retry in retries(chain):
        if too_early(*retry):
            told = f"told to wait {_seconds(retry.before.retry_after or 0)}, it asked again after {_seconds(retry.gap)}"
            yield finding("ignored-retry-after", f"{_which(retry.before)}: {told}.", retry)


def _no_backoff(chain: Chain) -> Iterator[Finding]:
    """Two retries at once are too many; one may be luck. Delays that never grow need three to be seen."""
    for run in failing_runs(chain):
        waited = _own_delays(run)
        gaps = [retry.gap for retry in waited]
        at_once = len(gaps) >= 2 and max(gaps) < _AT_ONCE
        if at_once or (len(gaps) >= 3 and max(gaps) < _SAME_DELAY * min(gaps)):
            told = ", ".join(map(_seconds, gaps[:5])) + (", ..." if len(gaps) > 5 else "")
            yield finding("no-backoff", f"{_which(run[0])}: it asked again after {told}, and never waited longer.", run)


def _own_delays(run: Chain) -> list[Retry]:
    """The retries whose time the client chose: neither told to wait, nor hopeless."""
    return [
        retry
        for retry in retries(run)
        if retry.before.retry_after is None
        and retry.before.status not in HOPELESS
        and retry.before.outcome != "cut by client"
    ]


def _retried_hopeless(chain: Chain) -> Iterator[Finding]:
    for run in failing_runs(chain):
        again = [retry for retry in retries(run) if retry.before.status in HOPELESS]
        if again:
            first = again[0].before
            told = f"it asked the same again {_times(len(again))}"
            shown = [first, *(retry.after for retry in again)]
            yield finding("retried-hopeless", f"{_which(first)}: {told}, and no retry can mend that.", shown)


def _retried_forever(chain: Chain, most: int) -> Iterator[Finding]:
    for run in failing_runs(chain):
        if len(run) > most:
            told = f"it asked the same {len(run)} times; more than {most} is too often"
            yield finding("retried-forever", f"{_which(run[0])}: {told}.", run)


# ---------------------------------------------------------------------------------------------- truncated answers


def _after_truncation(asked: Sequence[Inference]) -> Iterator[Finding]:
    """What a client made of each answer that the server ended too early and that it had something of.

    It is sure to have accepted one when it sends the truncated text back as what the assistant said, and something
    behind it. When it never asks again nobody can tell: it may have reported the failure to its caller.
    """
    told = {each.number: conversation(each.request) for each in asked} if any(each.truncated for each in asked) else {}
    for cut in asked:
        said = text_of(cut).strip() if cut.truncated and not cut.response_cut else ""
        if not said:
            continue
        later = [each for each in asked if each.started >= (cut.ended or 0.0) and each.number > cut.number]
        later = [each for each in later if each.namespace == cut.namespace]
        use = next((found for each in later for found in _use(cut, said, each, told)), None)
        if use is not None:
            yield use
        elif not any(each.question == cut.question for each in later):
            seen = "it never asked again: it reported that, or took it for the whole answer"
            yield finding("not-asked-again", f"{_which(cut)}: {seen}.", [cut])


def _use(cut: Inference, said: str, later: Inference, told: Mapping[int, list[RequestMessage]]) -> Iterator[Finding]:
    """What a later request makes of the truncated text, if it has it where the answer belongs."""
    messages, asked = told[later.number], told[cut.number]
    spoken = [at for at, each in enumerate(messages) if each.role == "assistant" and each.text.strip() == said]
    if not spoken or spoken[0] < len(asked) or messages[: len(asked)] != asked:
        return
    if spoken[0] == len(messages) - 1:
        yield finding("resumed", f"{_which(cut)}: it asked to go on where the answer was cut.", [cut, later])
    else:
        seen = "the client sent the truncated text back as the assistant's whole answer"
        yield finding("accepted-truncated", f"{_which(cut)}: {seen}.", [cut, later])


# ---------------------------------------------------------------------------------------------- remarks


def _no_jitter(chain: Chain) -> Iterator[Finding]:
    """Delays that grow by the same factor, to one in a hundred, were hardly drawn."""
    for run in failing_runs(chain):
        gaps = [retry.gap for retry in _own_delays(run)]
        ratios = [after / before for before, after in pairwise(gaps) if before >= _AT_ONCE]
        if len(ratios) >= 2 and len(ratios) == len(gaps) - 1 and 1 < max(ratios) < _SAME_RATIO * min(ratios):
            told = ", ".join(map(_seconds, gaps))
            yield finding("no-jitter", f"{_which(run[0])}: it asked again after {told}, without jitter.", run)


def _double_spent(chain: Chain) -> Iterator[Finding]:
    for before, after in pairwise(chain):
        if before.ok:
            told = "it had the whole answer, and asked the same again"
        elif before.outcome == "cut by client" and before.usage is not None and before.usage.completion_tokens:
            told = f"it left after {before.usage.completion_tokens} tokens that are paid, and asked the same again"
        else:
            continue
        yield finding("double-spent", f"{_which(before)}: {told}.", [before, after])


# ---------------------------------------------------------------------------------------------- words


def _which(inference: Inference) -> str:
    status = f"{inference.status} " if inference.status else ""
    return f"#{inference.number} {inference.endpoint} ({status}{inference.ending})"


def _seconds(seconds: float) -> str:
    return f"{decimal(seconds, 3)} s"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
