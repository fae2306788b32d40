"""Reading what a recorded request says without validating it, so that a refused request can be read as well."""

from typing import Any, NamedTuple


class RequestMessage(NamedTuple):
    """One message of a request: its role, its text, and the types of its parts that are not text."""

    role: str
    text: str
    others: tuple[str, ...] = ()


def messages(value: Any) -> list[RequestMessage]:
    """The messages in a list of objects with a role and content.

    >>> messages([{"role": "user", "content": [{"text": "Look."}, {"type": "image"}]}])
    [RequestMessage(role='user', text='Look.', others=('image',))]
    """
    return [_message(message) for message in _listed(value) if isinstance(message, dict)]


def prompts(value: Any) -> list[RequestMessage]:
    """The prompts in a string or a list of strings, as messages with the role user."""
    return [RequestMessage("user", prompt) for prompt in _listed(value) if isinstance(prompt, str)]


def _message(message: dict[str, Any]) -> RequestMessage:
    content = _listed(message.get("content"))
    parts = [{"text": part} if isinstance(part, str) else part for part in content if isinstance(part, str | dict)]
    texts = [part["text"] for part in parts if isinstance(part.get("text"), str)]
    others = [str(part.get("type")) for part in parts if not isinstance(part.get("text"), str)]
    return RequestMessage(str(message.get("role")), "".join(texts), tuple(others))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
