"""Reading the messages of a recorded request without validating it, so that a refused request can be read as well."""

from typing import Any, NamedTuple


class Said(NamedTuple):
    """One message of a request: its role, its text, and the types of its parts that are not text."""

    role: str
    text: str
    others: tuple[str, ...] = ()


def conversation(body: Any) -> list[Said]:
    """The messages of a request's JSON in any dialect. The prompts of a text completion have the role user.

    >>> conversation({"messages": [{"role": "user", "content": [{"text": "Look."}, {"type": "image"}]}]})
    [Said(role='user', text='Look.', others=('image',))]
    """
    if not isinstance(body, dict):
        return []
    messages = [message for message in _listed(body.get("messages")) if isinstance(message, dict)]
    prompts = [prompt for prompt in _listed(body.get("prompt")) if isinstance(prompt, str)]
    return [_said(message) for message in messages] or [Said("user", prompt) for prompt in prompts]


def _said(message: dict[str, Any]) -> Said:
    content = _listed(message.get("content"))
    parts = [{"text": part} if isinstance(part, str) else part for part in content if isinstance(part, str | dict)]
    texts = [part["text"] for part in parts if isinstance(part.get("text"), str)]
    others = [str(part.get("type")) for part in parts if not isinstance(part.get("text"), str)]
    return Said(str(message.get("role")), "".join(texts), tuple(others))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
