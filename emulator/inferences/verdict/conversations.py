"""What the messages of later requests say about earlier answers: truncated ones that were accepted, and loops."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from emulator.core.clock import iso
from emulator.core.seeds import Seed
from emulator.inferences import fingerprints
from emulator.inferences.fingerprints import Answer, Message
from emulator.inferences.inference import Inference
from emulator.inferences.verdict.findings import Finding, finding, which

MOST_SAME_CALLS = 2
"""A rule that makes the same tool call more often in one conversation goes round in a loop."""

_CALLS = ('"tool_calls"', '"tool_use"', '"function_call"')
"""What answers with tool calls have, in any dialect."""


def after_truncation(asked: Sequence[Inference]) -> Iterator[Finding]:
    """What a client made of each answer that the server ended too early and that it had something of.

    It is sure to have accepted one when it sends the truncated text back as what the assistant said, and something
    behind it. If the record ends before that, nobody can tell: it may have reported the failure to its caller.
    """
    cuts = [(each, said) for each in asked if each.truncated and (said := _answer(each).text)]
    told = {each.number: _messages(each) for each in asked} if cuts else {}
    for cut, said in cuts:
        later = [each for each in asked if each.number > cut.number]
        use = next((found for each in later for found in _use(cut, said, each, told)), None)
        if use is not None:
            yield use
        elif not any(_asks_again(cut, each) for each in later):
            until = iso(max(each.ended or each.started for each in asked))
            seen = f"the record, which ends at {until}, has no request that asks the same again"
            yield finding("not-asked-again", f"{which(cut)}: {seen}.", [cut])


def _use(cut: Inference, said: str, later: Inference, told: Mapping[int, tuple[Message, ...]]) -> Iterator[Finding]:
    """What a later request makes of the truncated text, if it has it where the answer belongs."""
    messages, asked = told[later.number], told[cut.number]
    behind = messages[len(asked) :] if messages[: len(asked)] == asked else ()
    spoken = next((place for place, each in enumerate(behind) if (each.role, each.text) == ("assistant", said)), None)
    if spoken is None:
        return
    if spoken == len(behind) - 1:
        yield finding("resumed", f"{which(cut)}: it asked to go on where the answer was cut.", [cut, later])
    else:
        seen = "the client sent the truncated text back as the assistant's whole answer"
        yield finding("accepted-truncated", f"{which(cut)}: {seen}.", [cut, later])


def _asks_again(cut: Inference, later: Inference) -> bool:
    return later.question == cut.question and later.started >= (cut.ended or cut.started)


# ---------------------------------------------------------------------------------------------- loops


def loops(asked: Sequence[Inference]) -> Iterator[Finding]:
    """The rules that answered the same tool call again and again, as the conversation went on.

    A conversation goes on when a request has all messages of an earlier one, and behind them the call that answered it.
    """
    for (rule, call), turns in _calls_by_rule(asked).items():
        for loop in _loops(turns, call):
            name = call.rpartition(":")[0]
            seen = f"the rule '{rule}' answered the same call of {name} {len(loop)} times in one conversation"
            yield finding("tool-call-loop", f"{which(loop[0])}: {seen}.", loop)


def _calls_by_rule(asked: Sequence[Inference]) -> Mapping[tuple[str, str], list[Inference]]:
    found: defaultdict[tuple[str, str], list[Inference]] = defaultdict(list)
    for each in asked:
        if each.rule is not None and each.status == 200 and _may_call(each):
            for call in dict.fromkeys(_answer(each).calls):
                found[each.answered_by, call].append(each)
    return {key: turns for key, turns in found.items() if len(turns) > MOST_SAME_CALLS}


def _may_call(inference: Inference) -> bool:
    """Whether it is worth while to decode the answer."""
    return inference.answer is not None or any(sign in inference.response for sign in _CALLS)


def _loops(turns: Sequence[Inference], call: str) -> Iterator[list[Inference]]:
    """The longest conversations among requests that were all answered by this call."""
    messages = {each.number: _messages(each) for each in turns}
    starts = {number: _prefixes(told) for number, told in messages.items()}
    longest: dict[int, list[Inference]] = {}
    for later in sorted(turns, key=lambda each: (len(messages[each.number]), each.number)):
        said, prefixes = messages[later.number], starts[later.number]
        before = [
            chain
            for chain in longest.values()
            if (at := len(messages[chain[-1].number])) < len(said)
            and call in said[at].calls
            and prefixes[at] == starts[chain[-1].number][at]
        ]
        longest[later.number] = [*max(before, key=len, default=[]), later]
    inner = {each.number for chain in longest.values() for each in chain[:-1]}
    for number, chain in longest.items():
        if number not in inner and len(chain) > MOST_SAME_CALLS:
            yield chain


def _prefixes(told: Sequence[Message]) -> list[Seed]:
    """A fingerprint of the first messages, for each number of them."""
    return list(accumulate(told, lambda before, each: before.child(repr(each)), initial=Seed.of("messages")))


# ---------------------------------------------------------------------------------------------- reading the record


def _messages(inference: Inference) -> tuple[Message, ...]:
    if inference.messages is not None:
        return tuple(Message(*each) for each in inference.messages)
    return fingerprints.messages(inference.request)


def _answer(inference: Inference) -> Answer:
    if inference.answer is not None:
        return Answer(*inference.answer)
    return fingerprints.whole_answer(inference.endpoint, inference.response.encode())
