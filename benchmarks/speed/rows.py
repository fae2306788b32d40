"""The rows that wrk measures: whole answers and streams without a pace, beside bare servers and other mock servers."""

import statistics
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from .answers import Answer, Request, chat
from .bench import ECHO, OTHER_TEXT, TEXT, Bench
from .load import Contestant, compare, voiding
from .report import Outcome, Table, Verdict
from .servers import ROOT

TOKENS = 60


def whole_text(*texts: str) -> Callable[[Answer], str]:
    """What is wrong with an answer that is none of the texts."""

    def wrong(answer: Answer) -> str:
        text = answer.text()
        return "" if text in texts else f"another text was answered: {text[:80]!r}"

    return wrong


def streamed_text(events: int | None = None) -> Callable[[Answer], str]:
    """What is wrong with a stream that does not send the text, or not in so many events."""

    def wrong(answer: Answer) -> str:
        deltas = answer.deltas()
        if "".join(deltas) != TEXT:
            return f"another text was streamed: {''.join(deltas)[:80]!r}"
        return f"the text came in {len(deltas)} events instead of {events}" if events not in (None, len(deltas)) else ""

    return wrong


def echoed(answer: Answer) -> str:
    """What is wrong with an answer that does not repeat the question before the text."""
    text = answer.text()
    right = text.startswith(f"{ECHO}Question ") and text.endswith(TEXT)
    return "" if right else f"another text was answered: {text[:80]!r}"


def generated(answer: Answer) -> str:
    """What is wrong with an answer that has not all the tokens that were asked for."""
    tokens = answer.usage()["completion_tokens"]
    return "" if tokens == TOKENS else f"{tokens} tokens were answered instead of {TOKENS}"


def whole(bench: Bench) -> Outcome:
    """A scripted answer that is not streamed."""
    contestants = with_peers(bench, chat("akml-plain"), whole_text(TEXT), bare_goal=0.45, streamed=False)
    compare(contestants, bench.rounds, bench.seconds)
    return outcome("A scripted answer, whole", "200 words, each prompt new.", contestants)


def stream(bench: Bench) -> Outcome:
    """A scripted answer that is streamed without a pace."""
    request = chat("akml-plain", stream=True)
    contestants = with_peers(bench, request, streamed_text(200), bare_goal=0, streamed=True)
    compare(contestants, bench.rounds, bench.seconds)
    text = (
        "200 words, each prompt new, each word its own event. Servers that cut the text otherwise are compared by the "
        "event. The bare server sends all events at once."
    )
    return outcome("A scripted answer, streamed", text, contestants)


def with_peers(
    bench: Bench, request: Request, wrong: Callable[[Answer], str], *, bare_goal: float, streamed: bool
) -> list[Contestant]:
    """The emulators, a bare server that sends the first one's bytes, and the peers."""
    ours = [Contestant(name, server, request, wrong) for name, server in bench.ours().items()]
    bare = []
    with voiding(ours[0]):
        server = bench.bare("streamed" if streamed else "whole", ours[0].checked())
        bare = [Contestant("bare", server, request, wrong, bare_goal)]
    of_peers = streamed_text() if streamed else wrong
    peers = [
        Contestant(peer.name, server, request, of_peers, peer.goals[streamed]) for peer, server in bench.peers().items()
    ]
    return [*ours, *bare, *peers]


def scripted(bench: Bench) -> Outcome:
    """What templates, sequences and many rules cost beside a plain reply."""
    cases = {
        "plain": whole_text(TEXT),
        "templated": echoed,
        "sequence": whole_text(TEXT, OTHER_TEXT),
        "rules-100": whole_text(TEXT),
    }
    contestants = [
        Contestant(f"{case}{'' if name == 'emulator' else f' ({name})'}", server, chat(f"akml-{case}"), wrong)
        for name, server in bench.ours().items()
        for case, wrong in cases.items()
    ]
    compare(contestants, bench.rounds, bench.seconds)
    plain, *others = contestants[: len(cases)]
    goals = [at_most(each, plain, 1.3, f"{each.name} reply") for each in others]
    text = "Whole answers of 200 words: one with the question in it, two in turn, and by the last of 100 rules."
    return Outcome("What a scenario costs", text, table(contestants), goals)


def generate(bench: Bench) -> Outcome:
    """A generated answer, beside a peer's scripted one."""
    request = chat("akml-local", max_tokens=TOKENS, ignore_eos=True)
    ours = [Contestant(name, server, request, generated, spread=0.1) for name, server in bench.ours().items()]
    canned = [
        Contestant(f"{peer.name}, scripted", server, chat("akml-plain"), whole_text(TEXT), 1)
        for peer, server in bench.peers("aimock").items()
    ]
    compare([*ours, *canned], bench.rounds, bench.seconds)
    return outcome(f"A generated answer of {TOKENS} tokens", "Whole, each prompt new.", [*ours, *canned])


SAMPLING: dict[str, dict[str, Any]] = {
    "default": {},
    "temperature 0": {"temperature": 0},
    "temperature 0.7, top_p 0.9": {"temperature": 0.7, "top_p": 0.9},
    "frequency_penalty 0.5": {"frequency_penalty": 0.5},
    "5 log probabilities": {"logprobs": True, "top_logprobs": 5},
}


def sampling(bench: Bench) -> Outcome:
    """What the sampling parameters of a generated answer cost."""
    server = bench.ours()["emulator"]
    requests = {name: chat("akml-local", max_tokens=TOKENS, ignore_eos=True, **each) for name, each in SAMPLING.items()}
    contestants = [Contestant(name, server, each, generated, spread=0.1) for name, each in requests.items()]
    compare(contestants, bench.rounds, bench.seconds)
    return outcome("Sampling parameters", f"A generated answer of {TOKENS} tokens.", contestants)


def account(bench: Bench) -> Outcome:
    """What limits cost that are far away, so that the windows fill with the requests of a minute."""
    far = str(10**9)
    limits = {
        "no limits": (),
        "one window": ("--requests-per-minute", far),
        "credits": ("--credits", far),
        "all limits": tuple(
            argument
            for flag in ("--requests-per-minute", "--tokens-per-minute", "--concurrency", "--credits")
            for argument in (flag, far)
        ),
    }
    with ExitStack() as stack:
        contestants = [
            Contestant(name, stack.enter_context(bench.started(ROOT, *flags)), chat("akml-plain"), whole_text(TEXT))
            for name, flags in limits.items()
        ]
        compare(contestants, bench.rounds, bench.seconds)
    plain, *others = contestants
    goals = [at_most(each, plain, 1.1, f"an account with {each.name}") for each in others]
    return Outcome("What an account's limits cost", "Whole answers of 200 words.", table(contestants), goals)


def outcome(title: str, text: str, contestants: Sequence[Contestant]) -> Outcome:
    """The table of a row whose first line is the emulator, and the goals of the others."""
    ours, *others = contestants
    goals = [at_least(ours, other, f"{title}, by {other.name}") for other in others if other.goal]
    bare = [max(costs) / min(costs) for each in others if each.name == "bare" and (costs := each.costs())]
    return Outcome(title, text, table(contestants), goals, noise=max(bare, default=None))


def table(contestants: Sequence[Contestant]) -> Table:
    """What an answer costs each contestant, and how the first one compares."""
    first = contestants[0]
    columns = ("server", "processor, us", "an event, us", "answers/s", "ratio", "ratio by rate", "load's core")
    return Table(columns, [line(each, first) for each in contestants])


def line(each: Contestant, first: Contestant) -> list[str]:
    """The line of one contestant."""
    if void := each.void or first.void:
        return [each.name, f"void: {void}", "", "", "", "", ""]
    an_event = f"{each.an_event:.2f}" if each.request.streamed else ""
    ratios = [f"{by_processor(first, each):.2f}x", f"{by_rate(first, each):.2f}x"]
    return [each.name, f"{each.processor:.0f}", an_event, f"{each.rate:.0f}", *ratios, f"{each.load:.0%}"]


def by_processor(ours: Contestant, other: Contestant) -> float:
    """How many times less processor time one takes for an event: the median of the rounds."""
    rounds = zip(ours.rounds, other.rounds, strict=True)
    return statistics.median(their.processor / our.processor for our, their in rounds) * ours.events / other.events


def by_rate(ours: Contestant, other: Contestant) -> float:
    """How many times as many events one sends in a second: the median of the rounds."""
    rounds = zip(ours.rounds, other.rounds, strict=True)
    return statistics.median(our.rate / their.rate for our, their in rounds) * ours.events / other.events


def at_least(ours: Contestant, other: Contestant, what: str) -> Verdict:
    """Whether one is so many times as fast as another."""
    goal = f"at least {other.goal:g}x"
    if void := ours.void or other.void:
        return Verdict(what, f"void: {void}", goal, False)
    measured = by_processor(ours, other)
    return Verdict(what, f"{measured:.2f}x ({by_rate(ours, other):.2f}x by rate)", goal, measured >= other.goal)


def at_most(ours: Contestant, other: Contestant, times: float, what: str) -> Verdict:
    """Whether one costs at most so many times what another costs."""
    goal = f"at most {times:g}x"
    if void := ours.void or other.void:
        return Verdict(what, f"void: {void}", goal, False)
    measured = by_processor(other, ours)
    return Verdict(what, f"{measured:.2f}x ({by_rate(other, ours):.2f}x by rate)", goal, measured <= times)
