"""Putting an answer together from the events of its stream, as clients do."""

from typing import Any


def joined_chat(chunks: list[Any]) -> dict[str, Any]:
    """A chat completion put together from its chunks, as a client does it."""
    assert chunks.pop() == "[DONE]"
    usage = chunks.pop()
    assert usage["choices"] == []
    choices: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        assert {name: chunk[name] for name in ("id", "created", "model")} == {
            name: usage[name] for name in ("id", "created", "model")
        }
        for part in chunk["choices"]:
            choice = choices.setdefault(part["index"], {"index": part["index"], "message": {}, "logprobs": None})
            choice["finish_reason"] = part["finish_reason"]
            _join_delta(choice["message"], part["delta"])
            if part["logprobs"]:
                entries = (choice["logprobs"] or {"content": []})["content"] + part["logprobs"]["content"]
                choice["logprobs"] = {"content": entries, "refusal": None}
    for choice in choices.values():
        for call in choice["message"].get("tool_calls", []):
            del call["index"]
        choice["message"]["refusal"] = None
    ordered = [choices[index] for index in sorted(choices)]
    return {**usage, "object": "chat.completion", "choices": ordered}


def _join_delta(message: dict[str, Any], delta: dict[str, Any]) -> None:
    for name, value in delta.items():
        if name == "tool_calls":
            for part in value:
                calls = message.setdefault("tool_calls", [])
                if part["index"] == len(calls):
                    calls.append(part)
                else:
                    calls[part["index"]]["function"]["arguments"] += part["function"]["arguments"]
        elif name in ("content", "reasoning_content"):
            message[name] = message.get(name, "") + value
        else:
            message[name] = value


def joined_completion(chunks: list[Any]) -> dict[str, Any]:
    """A text completion put together from its chunks."""
    assert chunks.pop() == "[DONE]"
    usage = chunks.pop()
    choices: dict[int, dict[str, Any]] = {}
    for part in (part for chunk in chunks for part in chunk["choices"]):
        choice = choices.setdefault(part["index"], {"index": part["index"], "text": "", "logprobs": None})
        choice["text"] += part["text"]
        choice["finish_reason"] = part["finish_reason"]
        if part["logprobs"]:
            before = choice["logprobs"] or {}
            choice["logprobs"] = {name: before.get(name, []) + values for name, values in part["logprobs"].items()}
    return {**usage, "choices": [choices[index] for index in sorted(choices)]}


def joined_message(found: list[Any]) -> dict[str, Any]:
    """A message put together from its events, as Anthropic's SDKs do it."""
    from jiter import from_json

    message: dict[str, Any] = {}
    blocks: list[dict[str, Any]] = []
    inputs: dict[int, str] = {}
    for event in found:
        match event["type"]:
            case "message_start":
                message = event["message"]
            case "content_block_start":
                assert event["index"] == len(blocks)
                blocks.append(event["content_block"])
            case "content_block_delta":
                block, delta = blocks[event["index"]], event["delta"]
                match delta["type"]:
                    case "text_delta":
                        block["text"] += delta["text"]
                    case "thinking_delta":
                        block["thinking"] += delta["thinking"]
                    case "signature_delta":
                        block["signature"] = delta["signature"]
                    case "input_json_delta":
                        inputs[event["index"]] = inputs.get(event["index"], "") + delta["partial_json"]
            case "message_delta":
                message |= event["delta"] | {"usage": event["usage"]}
    cut = message.get("stop_reason") == "max_tokens"
    for index, text in inputs.items():
        try:
            blocks[index]["input"] = from_json(text.encode(), partial_mode=cut) if text else {}
        except ValueError:
            blocks[index]["input"] = text
    return {**message, "content": blocks}
