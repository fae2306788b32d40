"""The verdict on a client: each function inspects the attempts at one question and returns the findings of one kind."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

from emulator.core.decimals import decimal
from emulator.core.errors import ERRORS
from emulator.inferences.inference import Inference
from emulator.inferences.verdict.attempts import Retry, chains, failing_runs, retries
from emulator.inferences.verdict.conversations import after_truncation, loops
from emulator.inferences.verdict.findings import Finding, Verdict, finding, verdict_of, which

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
    """What is to be said of the clients that asked these: of the requests with each key by themselves, and all of it.

    A client is not held to what it cannot know, and only to what it does: an inference that still runs has no end yet.
    """
    by_key: defaultdict[str, list[Inference]] = defaultdict(list)
    for each in inferences:
        by_key[each.namespace].append(each)
    return verdict_of(found for asked in by_key.values() for found in observed(asked, most_attempts) if found)


def observed(asked: Sequence[Inference], most_attempts: int = MOST_ATTEMPTS) -> Iterator[Finding | None]:
    """The findings and remarks on the client that asked these with one key; None in between, where nothing is found."""
    moved = not stood_still(asked)
    inspections: list[Callable[[Chain], Iterator[Finding]]] = [
        *([_ignored_retry_after, _no_backoff] if moved else []),
        _retried_hopeless,
        lambda chain: _retried_forever(chain, most_attempts),
        _no_jitter,
        _double_spent,
    ]
    waited_for: Retry | None = None
    for chain in chains(asked):
        if chain is None:
            yield None
        elif len(chain) > 1:
            waited_for = waited_for or next(retries(chain), None)
            for inspect in inspections:
                yield from inspect(chain)
                yield None
    yield from after_truncation(asked)
    yield from loops(asked)
    if not moved and waited_for is not None:
        told = "The clock stood still from the first request to the last: run it, or advance it while the client waits."
        yield finding("clock-stood-still", told, waited_for)


def stood_still(inferences: Iterable[Inference]) -> bool:
    """Whether no time passed between the first start and the last end, so that nobody can tell who waited."""
    times = (time for each in inferences for time in (each.started, each.ended) if time is not None)
    first = next(times, None)
    return all(time == first for time in times)


def too_early(before: Inference, after: Inference) -> bool:
    """Whether a request came in the time that Retry-After told to wait."""
    if before.retry_after is None or before.ended is None:
        return False
    return before.ended <= after.started < before.ended + before.retry_after - TOLERANCE


def _ignored_retry_after(chain: Chain) -> Iterator[Finding]:
    for retry in retries(chain):
        if too_early(*retry):
            told = f"told to wait {_seconds(retry.before.retry_after or 0)}, it asked again after {_seconds(retry.gap)}"
            yield finding("ignored-retry-after", f"{which(retry.before)}: {told}.", retry)


def _no_backoff(chain: Chain) -> Iterator[Finding]:
    """Two retries at once are too many; one may be luck. Delays that never grow need three to be seen."""
    for run in failing_runs(chain):
        waited = _own_delays(run)
        gaps = [retry.gap for retry in waited]
        at_once = len(gaps) >= 2 and max(gaps) < _AT_ONCE
        if at_once or (len(gaps) >= 3 and max(gaps) < _SAME_DELAY * min(gaps)):
            told = ", ".join(map(_seconds, gaps[:5])) + (", ..." if len(gaps) > 5 else "")
            yield finding("no-backoff", f"{which(run[0])}: it asked again after {told}, and never waited longer.", run)


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
        again = list(_hopeless(run))
        if again:
            first = again[0].before
            told = f"it asked the same again {_times(len(again))}"
            shown = [first, *(retry.after for retry in again)]
            yield finding("retried-hopeless", f"{which(first)}: {told}, and no retry can mend that.", shown)


def _hopeless(run: Chain) -> Iterator[Retry]:
    """The retries that cannot succeed. After a 400, one without a stream can, if the stream was what was wrong."""
    refused: set[str] = set()
    for retry in retries(run):
        if retry.before.status in HOPELESS:
            refused.add(retry.before.fingerprint)
            if retry.before.status != 400 or retry.after.fingerprint in refused:
                yield retry


def _retried_forever(chain: Chain, most: int) -> Iterator[Finding]:
    for run in failing_runs(chain):
        if len(run) > most:
            told = f"it asked the same {len(run)} times; more than {most} is too often"
            yield finding("retried-forever", f"{which(run[0])}: {told}.", run)


# ---------------------------------------------------------------------------------------------- remarks


def _no_jitter(chain: Chain) -> Iterator[Finding]:
    """Delays that grow by the same factor, to one in a hundred, were hardly drawn."""
    for run in failing_runs(chain):
        gaps = [retry.gap for retry in _own_delays(run)]
        ratios = [after / before for before, after in pairwise(gaps) if before >= _AT_ONCE]
        if len(ratios) >= 2 and len(ratios) == len(gaps) - 1 and 1 < max(ratios) < _SAME_RATIO * min(ratios):
            told = ", ".join(map(_seconds, gaps))
            yield finding("no-jitter", f"{which(run[0])}: it asked again after {told}, without jitter.", run)


def _double_spent(chain: Chain) -> Iterator[Finding]:
    again = list(pairwise(chain))
    whole = [pair for pair in again if pair[0].ok]
    left = [pair for pair in again if pair[0].outcome == "cut by client" and _sent(pair[0])]
    paid = sum(_sent(before) for before, _ in left)
    for pairs, told in ((whole, "had the whole answer"), (left, f"left after {paid} tokens that are paid")):
        if pairs:
            times = f" {_times(len(pairs))}" if len(pairs) > 1 else ""
            shown = list({each.number: each for pair in pairs for each in pair}.values())
            yield finding("double-spent", f"{which(shown[0])}: it {told}, and asked the same again{times}.", shown)


def _sent(inference: Inference) -> int:
    return inference.usage.completion_tokens if inference.usage is not None else 0


# ---------------------------------------------------------------------------------------------- words


def _seconds(seconds: float) -> str:
    return f"{decimal(seconds, 3)} s"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
