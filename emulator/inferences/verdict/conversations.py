"""What the messages of later requests say about earlier answers: truncated ones that were accepted, and loops."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from msgspec.structs import replace

from emulator.core.clock import iso
from emulator.inferences import fingerprints
from emulator.inferences.fingerprints import Answer, Message
from emulator.inferences.inference import Inference
from emulator.inferences.verdict.findings import Finding, finding, which

MOST_SAME_CALLS = 2
"""A rule that makes the same tool call more often in one conversation goes round in a loop."""

_CALLS = ('"tool_calls"', '"tool_use"', '"function_call"')
"""What answers with tool calls have, in any dialect."""


def after_truncation(asked: Sequence[Inference]) -> Iterator[Finding | None]:
    """What a client made of each answer that the server ended too early and that it had something of.

    It is sure to have accepted one when it sends the truncated text back as what the assistant said, and something
    behind it. If the record ends before that, nobody can tell: it may have reported the failure to its caller. None in
    between, where nothing is found.
    """
    first = next((number for number, each in enumerate(asked) if each.truncated), len(asked))
    paths, cuts, used = _Paths(), list[Inference](), dict[int, Finding]()
    unused = defaultdict[int, dict[str, list[Inference]]](dict)
    """The truncated answers that no request had yet, by the messages that they answer, and by their texts."""
    last: dict[str, tuple[float, int]] = {}
    for each in asked[first:]:
        path = paths.of(each)
        texts = {message.text for message in path.messages if message.role == "assistant"}
        for length, node in enumerate(path.nodes):
            for text in unused[node].keys() & texts if node in unused else ():
                behind = path.messages[length:]
                if any(_says(message, text) for message in behind):
                    used |= {cut.number: _use(cut, text, each, behind) for cut in unused[node].pop(text)}
        last[each.question] = max(last.get(each.question, (0.0, 0)), (each.started, each.number))
        if each.truncated and (said := _answer(each).text):
            cuts.append(each)
            unused[path.nodes[-1]].setdefault(said, []).append(each)
        yield None
    until = iso(max((each.ended or each.started for each in asked), default=0.0))
    for cut in cuts:
        if cut.number in used:
            yield used[cut.number]
        elif last[cut.question] <= (cut.ended or cut.started, cut.number):
            seen = f"the record, which ends at {until}, has no request that asks the same again"
            yield finding("not-asked-again", f"{which(cut)}: {seen}.", [cut])
        else:
            yield None


def _says(message: Message, text: str) -> bool:
    return (message.role, message.text) == ("assistant", text)


def _use(cut: Inference, said: str, later: Inference, behind: Sequence[Message]) -> Finding:
    """What a later request makes of the truncated text, which it has among the messages behind those of the first."""
    if next(place for place, each in enumerate(behind) if _says(each, said)) == len(behind) - 1:
        return finding("resumed", f"{which(cut)}: it asked to go on where the answer was cut.", [cut, later])
    seen = "the client sent the truncated text back as the assistant's whole answer"
    return finding("accepted-truncated", f"{which(cut)}: {seen}.", [cut, later])


# ---------------------------------------------------------------------------------------------- loops


def loops(asked: Sequence[Inference]) -> Iterator[Finding | None]:
    """The rules that answered the same tool call again and again, as the conversation went on.

    A conversation goes on when a request has all messages of an earlier one, and behind them the call that answered it.
    None in between, where nothing is found.
    """
    turns: defaultdict[tuple[str, str], list[Inference]] = defaultdict(list)
    for each in asked:
        if may_call(each):
            for call in dict.fromkeys(_answer(each).calls):
                turns[each.answered_by, call].append(each)
        yield None
    paths = _Paths()
    for (rule, call), answered in turns.items():
        if len(answered) <= MOST_SAME_CALLS:
            continue
        told = list[tuple[_Path, Inference]]()
        for each in answered:
            told.append((paths.of(each), each))
            yield None
        for loop in _loops(told, call):
            name = call.rpartition(":")[0]
            seen = f"the rule '{rule}' answered the same call of {name} {len(loop)} times in one conversation"
            yield finding("tool-call-loop", f"{which(loop[0])}: {seen}.", loop)


def may_call(inference: Inference) -> bool:
    """Whether a rule may have answered with a tool call, so that it is worth while to decode the answer."""
    if inference.rule is None or inference.status != 200:
        return False
    return inference.answer is not None or any(sign in inference.response for sign in _CALLS)


def _loops(turns: list[tuple["_Path", Inference]], call: str) -> list[list[Inference]]:
    """The longest conversations among requests that were all answered by this call.

    `loops` has the requests of the conversation that leads to a node. A conversation that goes on to another node is no
    end.
    """
    loops: dict[int, list[Inference]] = {}
    gone_on: set[int] = set()
    for path, turn in sorted(turns, key=lambda each: (len(each[0].messages), each[1].number)):
        told = zip(path.nodes, path.messages, strict=False)
        before = [node for node, message in told if call in message.calls and node in loops]
        longest = max(before, key=lambda node: len(loops[node]), default=None)
        loop = [turn] if longest is None else [*loops[longest], turn]
        if len(loop) > len(loops.get(path.nodes[-1], ())):
            loops[path.nodes[-1]] = loop
        gone_on.update(before)
    return [loop for node, loop in loops.items() if node not in gone_on and len(loop) > MOST_SAME_CALLS]


# ---------------------------------------------------------------------------------------------- reading the record


class _Path(NamedTuple):
    """The messages of a request, and the node before each of them and behind the last one."""

    messages: tuple[Message, ...]
    nodes: list[int]


class _Paths:
    """The tree of the messages of requests: each sequence of messages with which one begins is a node of it."""

    def __init__(self) -> None:
        self._nodes: dict[tuple[int, Message], int] = {}
        self._known: dict[bytes, Message] = {}

    def of(self, inference: Inference) -> _Path:
        """The way of a request's messages through the tree."""
        messages, nodes = _messages(inference, self._known), self._nodes
        path = accumulate(messages, lambda at, each: nodes.setdefault((at, each), len(nodes) + 1), initial=0)
        return _Path(messages, list(path))


class Contents:
    """Takes from inferences what a verdict looks at, so that their bodies need not be kept while it is made.

    They come in the order of their numbers. What requests say matters only behind a truncated answer, and where a tool
    call was the answer.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, Message] = {}
        self._truncated: set[str] = set()

    def of(self, each: Inference) -> Inference:
        """The inference with fingerprints in place of its bodies."""
        calls = may_call(each)
        if each.truncated:
            self._truncated.add(each.namespace)
        said = calls or each.namespace in self._truncated
        return replace(
            each,
            body="",
            response="",
            messages=_messages(each, self._known) if said else None,
            answer=_answer(each) if calls or each.truncated else None,
        )


def _messages(inference: Inference, known: dict[bytes, Message]) -> tuple[Message, ...]:
    if inference.messages is not None:
        return tuple(Message(*each) for each in inference.messages)
    return fingerprints.messages(inference.request, known)


def _answer(inference: Inference) -> Answer:
    if inference.answer is not None:
        return Answer(*inference.answer)
    return fingerprints.whole_answer(inference.endpoint, inference.response.encode())
