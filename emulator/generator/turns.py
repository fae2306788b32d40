"""What has happened since a task was given: the calls that were made, their results, and the text of the task.

Calls are read from the messages' tool calls. Clients that turn them into text for their models (`Calling tools:
[{'name': 'search', ...}]`, `Action: search`) send the results as user messages, which are then no task.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from emulator.core.vocabulary import InferenceRequest, Message, Tool
from emulator.generator.topics import said

_READ = 4_000
"""So many characters at the end of an answer are looked through for calls that are told as text."""
_PARAMETERS = 64
"""So many required parameters of a tool are looked at."""
_TOLD = re.compile(r"[\"']name[\"']\s*:\s*[\"']([\w.-]{1,128})[\"']|\bAction:\s*([\w.-]{1,128})")

_ENDING = re.compile(
    r"(?:give_|return_|provide_|submit_|send_)?(?:the_)?final_?(?:answer|response|result|output|report)s?"
    r"|submit(?:_(?:answer|result|response|solution|task|report|output|work))?s?|(?:attempt_)?completion"
    r"|(?:mark_)?(?:task_|all_|is_|i_am_)?(?:done|finish(?:ed)?|completed?)(?:_(?:task|work|job|turn))?"
    r"|(?:end|stop|exit|terminate|quit|conclude)(?:_(?:task|conversation|turn|session|chat|loop|work|run))?"
    r"|(?:give_|return_)?(?:answer|respond|reply|response)(?:_to_user|_user)?|give_up|report_(?:result|answer)s?"
)
_ENDS = re.compile(
    r"\bfinal (?:answer|response|result|output)\b"
    r"|\b(?:ends?|finish(?:es)?|concludes?|terminates?|completes?) (?:the|this|your) (?:\w+ )?"
    r"(?:task|conversation|turn|dialogue|interaction)\b"
    r"|\bwhen (?:you(?:'re| are)|everything is|all \w+ (?:is|are)|the task is) (?:done|finished|complete|completed)\b",
    re.IGNORECASE,
)


class Made(NamedTuple):
    """A call that was made; `arguments` is its JSON text, which is empty if it is not known."""

    name: str
    arguments: str


class Turn(NamedTuple):
    """A task and what was done for it, in order: the calls, and the results.

    `earlier` are the calls between the answer before and the task, such as a reminder behind the results.
    """

    task: str
    made: Sequence[Made]
    earlier: Sequence[Made]
    results: Sequence[str]


def turn(request: InferenceRequest) -> Turn:
    """The last task of a conversation. An answer that only is text, and that no result follows, ends the one before."""
    if request.prompts:
        return Turn("\n".join(request.prompts), (), (), ())
    names = frozenset(tool.name for tool in request.tools)
    made: list[Made] = []
    earlier: list[Made] = []
    results: list[str] = []
    task: str | None = None
    messages = request.messages
    for at in range(len(messages) - 1, -1, -1):
        message = messages[at]
        answered = at + 1 < len(messages) and messages[at + 1].role in ("tool", "function")
        if message.role in ("tool", "function") or (
            message.role == "user" and task is None and at and _told(messages[at - 1], names)
        ):
            results.append(message.text)
        elif message.role == "user" and task is None:
            task = said(message.text)
        elif message.role == "assistant":
            calls = [Made(call.name, call.arguments) for call in message.tool_calls] or _told(message, names)
            if not (calls or answered):
                break
            (made if task is None else earlier).extend(reversed(calls))
    task = task if task is not None else next((said(each.text) for each in messages[::-1] if each.role == "user"), "")
    return Turn(task, made[::-1], earlier[::-1], results[::-1])


def ends(tool: Tool) -> bool:
    """Whether a tool ends the loop that calls it: by its name or its description, and unless it is about some id.

    >>> [ends(Tool(name)) for name in ("final_answer", "submitResult", "stop_music")], ends(Tool("x", "Ends the turn."))
    ([True, True, False], True)
    """
    required = tool.parameters.get("required")
    if isinstance(required, list) and any(str(name).lower().endswith("id") for name in required[:_PARAMETERS]):
        return False
    return _is_said_to_end(tool.name[:100], tool.description[:500])


@lru_cache(maxsize=256)
def _is_said_to_end(name: str, description: str) -> bool:
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])|[-.\s]", "_", name).lower()
    return bool(_ENDING.fullmatch(plain) or _ENDS.search(description))


def _told(message: Message, names: frozenset[str]) -> list[Made]:
    """The tools that an answer says in its text to call."""
    if message.role != "assistant" or message.tool_calls or not message.text:
        return []
    found = (one or other for one, other in _TOLD.findall(message.text[-_READ:]))
    return [Made(name, "") for name in found if name in names]
