"""What has happened since a task was given: the calls that were made, their results, and the text of the task.

Calls are read from the messages' tool calls. Clients that turn them into text for their models (`Calling tools:
[{'name': 'search', ...}]`, `Action: search`) send the results as user messages, which are then no task.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from emulator.core.vocabulary import InferenceRequest, Message

_READ = 4_000
"""So many characters at the end of an answer are looked through for calls that are told as text."""
_TOLD = re.compile(r"[\"']name[\"']\s*:\s*[\"']([\w.-]{1,128})[\"']|\bAction:\s*([\w.-]{1,128})")

_ENDING = re.compile(
    r"(?:give_|return_|provide_|submit_|send_)?(?:the_)?final_?(?:answer|response|result|output|report)s?"
    r"|submit(?:_(?:answer|result|response|solution|task|report|output|work))?s?|(?:attempt_)?completion"
    r"|(?:mark_)?(?:task_|all_|is_|i_am_)?(?:done|finish(?:ed)?|completed?)(?:_(?:task|work|job|turn))?"
    r"|(?:end|stop|exit|terminate|quit|conclude)(?:_(?:task|conversation|turn|session|chat|loop|work|run))?"
    r"|(?:give_|return_)?(?:answer|respond|reply|response)(?:_to_user|_user)?|give_up|report_(?:result|answer)s?"
)
_ENDS = re.compile(
    r"\bfinal (?:answer|response|result|output)\b|\b(?:ends?|finish(?:es)?|concludes?|terminates?|completes?|stops?) "
    r"(?:the |this |your |an? )?(?:\w+ )?(?:task|conversation|loop|run|turn|session|work|dialogue|job|process)\b"
    r"|\bwhen (?:you(?:'re| are)|everything is|all \w+ (?:is|are)|the task is) (?:done|finished|complete|completed)\b",
    re.IGNORECASE,
)


class Turn(NamedTuple):
    """A task and what was done for it: the names of the tools that were called, in order, and the results."""

    task: str
    made: Sequence[str]
    results: Sequence[str]


def turn(request: InferenceRequest) -> Turn:
    """The last task of a conversation. An answer that only is text, and that no result follows, ends the one before."""
    if request.prompts:
        return Turn("\n".join(request.prompts), (), ())
    names = frozenset(tool.name for tool in request.tools)
    made: list[str] = []
    results: list[str] = []
    task: str | None = None
    open = True
    messages = request.messages
    for at in range(len(messages) - 1, -1, -1):
        message = messages[at]
        if message.role in ("tool", "function"):
            if open:
                results.append(message.text)
        elif message.role == "user":
            if at and (told := _told(messages[at - 1], names)) and open and task is None:
                results.append(message.text)
            elif task is None:
                task = message.text
        elif message.role == "assistant":
            told = [call.name for call in message.tool_calls] or _told(message, names)
            answered = at + 1 < len(messages) and messages[at + 1].role in ("tool", "function")
            open = open and bool(told or answered)
            if open:
                made += reversed(told)
        if not open and task is not None:
            break
    return Turn(task or "", made[::-1], results[::-1])


def ends(name: str, description: str) -> bool:
    """Whether a tool ends the loop that calls it.

    >>> ends("final_answer", ""), ends("submitResult", ""), ends("stop_music", ""), ends("x", "Ends the conversation.")
    (True, True, False, True)
    """
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])|[-.\s]", "_", name[:100]).lower()
    return bool(_ENDING.fullmatch(plain) or _ENDS.search(description[:500]))


def _told(message: Message, names: frozenset[str]) -> list[str]:
    """The tools that an answer says in its text to call."""
    if message.role != "assistant" or message.tool_calls or not message.text:
        return []
    found = (one or other for one, other in _TOLD.findall(message.text[-_READ:]))
    return [name for name in found if name in names]
