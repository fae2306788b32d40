"""A service like OpenAI's with shapes of its own, to be recorded and compared."""

import gzip
import json
from typing import Any

STRANGE_CHUNKS = [
    ": PROCESSING",
    'data: {"id":"gen-17","provider":"Elsewhere","object":"chat.completion.chunk","created":1,"model":"acme/odd-1",'
    '"choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning":"Well."},"finish_reason":null}]}',
    'data: {"id":"gen-17","provider":"Elsewhere","object":"chat.completion.chunk","created":1,"model":"acme/odd-1",'
    '"choices":[{"index":0,"delta":{"content":"Use {{ braces }}, naïvely ☀️"},"finish_reason":"stop"}]}',
    'data: {"id":"gen-17","object":"chat.completion.chunk","created":1,"model":"acme/odd-1","choices":[],"usage":'
    '{"prompt_tokens":3,"completion_tokens":9,"total_tokens":12,"completion_tokens_details":{"reasoning_tokens":2}}}',
    "data: [DONE]",
]

STRANGE_BODY = (
    b'{"id": "gen-18", "object": "chat.completion", "created": 1, "model": "acme/odd-1", "choices": [{"index": 0, '
    b'"message": {"role": "assistant", "content": null, "reasoning": "Hm.", "tool_calls": [{"id": "tool-1", "type": '
    b'"function", "function": {"name": "get_weather", "arguments": "{\\"q\\": \\"{{x}}\\"}"}}]}, "finish_reason": '
    b'"tool_calls"}], "usage": {"prompt_tokens": 3, "completion_tokens": 9, "total_tokens": 12}}'
)

SECRET = b"sk-very-secret-key"

STRANGE_ERROR = b'{"error": {"message": "Key sk-very-secret-key is over its limit", "code": 429, "type": "odd"}}'


async def stranger(scope: Any, receive: Any, send: Any) -> None:
    """A server like OpenAI's, with ways of its own: the last message says which."""
    body = json.loads((await receive())["body"] or b"null") or {}
    said = body.get("messages", [{"content": ""}])[-1]["content"]
    kind, status, parts = b"application/json; charset=UTF-8", 200, [STRANGE_BODY]
    headers = [(b"set-cookie", b"session=very-secret-cookie"), (b"x-powered-by", b"Express"), (b"connection", b"x-hop")]
    headers += [(b"x-hop", b"1"), (b"x-ratelimit-limit", b"60")]
    if said == "fail":
        status, parts, headers = 429, [STRANGE_ERROR], [*headers, (b"retry-after", b"7")]
    elif said == "zip":
        parts, headers = [gzip.compress(STRANGE_BODY)], [*headers, (b"content-encoding", b"gzip")]
    elif said == "noise":
        parts = [b"\xff\xfe\x00"]
    elif body.get("stream"):
        ending = "" if said == "cut" else "\r\n\r\n"
        kind, parts = b"text/event-stream", [f"{frame}{ending}".encode() for frame in STRANGE_CHUNKS]
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind), *headers]})
    for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
