"""What an answer said, as far as it came: the text of its first choice, whole or streamed, in every dialect."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from emulator.inferences.inference import Inference


def text_of(inference: Inference) -> str:
    """The text; empty where there is none, and where too much was said to be kept."""
    if inference.response_cut:
        return ""
    return "".join(piece for payload in _payloads(inference.response) for piece in _pieces(payload))


def _payloads(response: str) -> Iterator[Mapping[str, Any]]:
    lines = [line[5:] for line in response.splitlines() if line.startswith("data:")] or [response]
    for line in lines:
        try:
            payload = msgspec.json.decode(line)
        except (msgspec.MsgspecError, RecursionError):
            continue
        if isinstance(payload, dict):
            yield payload


def _pieces(payload: Mapping[str, Any]) -> Iterator[str]:
    """The texts of one JSON object of an answer."""
    match payload:
        case {"type": "content_block_delta", "delta": {"text": str(text)}}:
            yield text
        case {"type": "message", "content": [*blocks]}:
            yield from (block["text"] for block in blocks if isinstance(block, dict) and block.get("type") == "text")
        case {"choices": [{"delta": {"content": str(text)}}, *_]}:
            yield text
        case {"choices": [{"message": {"content": str(text)}}, *_]}:
            yield text
        case {"choices": [{"text": str(text)}, *_]}:
            yield text


def conversation(inference: Inference) -> list[tuple[str, str]]:
    """The role and the text of each message that the request has."""
    request = inference.request
    messages = request.get("messages") if isinstance(request, dict) else None
    if not isinstance(messages, list):
        return []
    return [
        (str(message.get("role")), _content(message.get("content")))
        for message in messages
        if isinstance(message, dict)
    ]


def _content(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(str(part["text"]) for part in parts if isinstance(part, dict) and "text" in part)
