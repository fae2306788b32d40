"""What the messages of later requests say about earlier answers: truncated ones that were accepted, and loops."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from emulator.core.clock import iso
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
    if not cuts:
        return
    known: dict[bytes, Message] = {}
    told = {each.number: _messages(each, known) for each in asked}
    saying, asking = defaultdict[str, list[Inference]](list), defaultdict[str, list[Inference]](list)
    for each in asked:
        asking[each.question].append(each)
        for text in {message.text for message in told[each.number] if message.role == "assistant"}:
            saying[text].append(each)
    until = iso(max(each.ended or each.started for each in asked))
    for cut, said in cuts:
        later = (each for each in saying[said] if each.number > cut.number)
        use = next((found for each in later for found in _use(cut, said, each, told)), None)
        if use is not None:
            yield use
        elif not any(_asks_again(cut, each) for each in reversed(asking[cut.question])):
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
    """Whether one of those that ask the same came after the answer was cut."""
    return later.number > cut.number and later.started >= (cut.ended or cut.started)


# ---------------------------------------------------------------------------------------------- loops


def loops(asked: Sequence[Inference]) -> Iterator[Finding]:
    """The rules that answered the same tool call again and again, as the conversation went on.

    A conversation goes on when a request has all messages of an earlier one, and behind them the call that answered it.
    """
    known: dict[bytes, Message] = {}
    for (rule, call), turns in _calls_by_rule(asked).items():
        for loop in _loops(turns, call, known):
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


def _loops(turns: Sequence[Inference], call: str, known: dict[bytes, Message]) -> list[list[Inference]]:
    """The longest conversations among requests that were all answered by this call.

    Each sequence of messages with which a request begins is a node of a tree, and `loops` has the requests of the
    conversation that leads to a node. A conversation that goes on to another node is no end.
    """
    nodes: dict[tuple[int, Message], int] = {}
    loops: dict[int, list[Inference]] = {}
    gone_on: set[int] = set()
    told = sorted(((_messages(each, known), each) for each in turns), key=lambda turn: (len(turn[0]), turn[1].number))
    for messages, turn in told:
        path = list(accumulate(messages, lambda at, each: nodes.setdefault((at, each), len(nodes) + 1), initial=0))
        before = [at for at, each in zip(path, messages, strict=False) if call in each.calls and at in loops]
        longest = max(before, key=lambda at: len(loops[at]), default=None)
        loop = [turn] if longest is None else [*loops[longest], turn]
        if len(loop) > len(loops.get(path[-1], ())):
            loops[path[-1]] = loop
        gone_on.update(before)
    return [loop for node, loop in loops.items() if node not in gone_on and len(loop) > MOST_SAME_CALLS]


# ---------------------------------------------------------------------------------------------- reading the record


def _messages(inference: Inference, known: dict[bytes, Message]) -> tuple[Message, ...]:
    if inference.messages is not None:
        return tuple(Message(*each) for each in inference.messages)
    return fingerprints.messages(inference.request, known)


def _answer(inference: Inference) -> Answer:
    if inference.answer is not None:
        return Answer(*inference.answer)
    return fingerprints.whole_answer(inference.endpoint, inference.response.encode())
