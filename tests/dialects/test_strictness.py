"""The setting `strictness`: what vLLM refuses and OpenAI's specification allows, and the other way round."""

import re
from typing import Any

import pytest
from support.asgi import CHAT, CHAT_TOOL, COMPLETIONS, MESSAGES, PLAIN, ask, chat, completion, error_of, message, post
from support.parameters import app_of, body_of, whole

CALL = {"id": "a", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
USER = {"role": "user", "content": "Hello."}
ORPHAN = [USER, {"role": "tool", "tool_call_id": "a", "content": "Sunny."}]
UNANSWERED = [USER, {"role": "assistant", "content": None, "tool_calls": [CALL]}, USER]

ROWS: list[tuple[str, str, dict[str, Any], str]] = [
    ("vllm", CHAT, chat(n=2, temperature=0), "n"),
    ("vllm", CHAT, chat(n=3, temperature=-0.0, seed=1), "n"),
    ("vllm", COMPLETIONS, completion(n=2, temperature=0), "n"),
    ("vllm", CHAT, chat(tools=[]), "tools"),
    ("vllm", CHAT, chat(tools=[], tool_choice="none"), "tools"),
    ("vllm", CHAT, chat(stop=""), "stop"),
    ("vllm", CHAT, chat(stop=["x", ""], n=2), "stop"),
    ("vllm", COMPLETIONS, completion(stop=""), "stop"),
    ("vllm", COMPLETIONS, completion(""), "prompt"),
    ("vllm", COMPLETIONS, completion("", n=2), "prompt"),
    ("vllm", CHAT, chat(max_tokens=131_073), "input_tokens"),
    ("vllm", CHAT, chat(max_completion_tokens=2**62), "input_tokens"),
    ("vllm", CHAT, chat(max_tokens=131_072), "input_tokens"),
    ("vllm", COMPLETIONS, completion(max_tokens=131_072), "input_tokens"),
    ("openai", CHAT, chat() | {"messages": ORPHAN}, "messages[1].tool_call_id"),
    ("openai", CHAT, chat(n=2) | {"messages": UNANSWERED}, "messages[1].tool_calls"),
    ("openai", CHAT, chat(top_logprobs=0), "top_logprobs"),
    ("openai", CHAT, chat(top_logprobs=0, logprobs=False, n=2), "top_logprobs"),
    ("openai", COMPLETIONS, completion(logprobs=6), "logprobs"),
    ("openai", COMPLETIONS, completion(logprobs=20, n=2), "logprobs"),
    ("openai", CHAT, chat(modalities=["text", "audio"]), "modalities"),
    ("openai", CHAT, chat(modalities=["text", "audio"], audio={"voice": "alloy", "format": "wav"}), "modalities"),
    ("openai", CHAT, chat(stream_options={}, stream=False), "stream_options"),
]
"""Who refuses, where, what, and the field that the 400 names."""


@pytest.mark.parametrize(("refuses", "path", "body", "param"), ROWS)
@pytest.mark.parametrize("stream", [False, True])
def test_one_of_both_refuses(refuses: str, path: str, body: dict[str, Any], param: str, stream: bool) -> None:
    """It is a 400 that names the field under one value, and an answer under the other; streamed or not."""
    body = {"stream": stream, **body}
    taken = post(path, body, strictness="openai" if refuses == "vllm" else "vllm")
    refused = post(path, body, strictness=refuses)
    assert (taken.status, refused.status, error_of(refused)["param"]) == (200, 400, param), taken.body
    assert post(path, body).status == (400 if refuses == "vllm" else 200), "vllm is the default"


@pytest.mark.parametrize(("refuses", "path", "body", "param"), ROWS)
def test_a_scenario_answers_what_is_taken(refuses: str, path: str, body: dict[str, Any], param: str) -> None:
    """A canned answer is given to the same requests as a generated one."""
    for strictness in ("vllm", "openai"):
        app = app_of({"text": "Hello."}, strictness=strictness)
        assert ask(app, "POST", path, body).status == (400 if strictness == refuses else 200)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CHAT, chat(n=2, temperature=0.001)),
        (CHAT, chat(n=1, temperature=0)),
        (CHAT, chat(tools=[CHAT_TOOL])),
        (CHAT, chat(stop=[])),
        (CHAT, chat(top_logprobs=0, logprobs=True)),
        (COMPLETIONS, completion(["", "x"])),
        (COMPLETIONS, completion(logprobs=5)),
        (CHAT, chat(max_tokens=131_000)),
    ],
)
@pytest.mark.parametrize("strictness", ["vllm", "openai"])
def test_both_take_what_neither_forbids(strictness: str, path: str, body: dict[str, Any]) -> None:
    """The limits are where they are said to be."""
    assert post(path, body, strictness=strictness).status == 200


@pytest.mark.parametrize("strictness", ["vllm", "openai"])
def test_more_log_probabilities_than_both_allow(strictness: str) -> None:
    """The limit is 20, and `top_logprobs` above 0 needs `logprobs` everywhere."""
    assert error_of(post(COMPLETIONS, completion(logprobs=21), strictness=strictness))["param"] == "logprobs"
    assert error_of(post(CHAT, chat(top_logprobs=1), strictness=strictness))["param"] == "top_logprobs"


@pytest.mark.parametrize("strictness", ["vllm", "openai"])
def test_anthropics_history_stays_anthropics(strictness: str) -> None:
    """An orphan result is a 400 on /anthropic under both values; only the context is the model's own there."""
    orphan = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "Sunny."}]}
    assert post(MESSAGES, message() | {"messages": [orphan]}, strictness=strictness).status == 400
    long = post(MESSAGES, message(max_tokens=131_072), strictness=strictness)
    assert long.status == (400 if strictness == "vllm" else 200)


def test_twenty_log_probabilities_are_told() -> None:
    """What vLLM allows is answered, not only accepted."""
    told = post(COMPLETIONS, completion(logprobs=20, max_tokens=3, model=PLAIN)).json["choices"][0]["logprobs"]
    assert all(len(top) == 20 for top in told["top_logprobs"])


OVERFLOW = re.compile(
    r"This model's maximum context length is (\d+) tokens\. However, you requested (\d+) output tokens and your prompt "
    r"contains at least (\d+) input tokens, for a total of at least (\d+) tokens\. Please reduce the length of the "
    r"input prompt or the number of requested output tokens\."
)
LONG = "word " * 700


@pytest.mark.parametrize("path", [CHAT, COMPLETIONS])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "more", [{}, {"max_tokens": 40}, {"max_tokens": 5000}, {"max_tokens": 10**9, "n": 2}, {"max_tokens": None}]
)
def test_the_numbers_of_an_overflow_are_the_requests(path: str, stream: bool, more: dict[str, Any]) -> None:
    """Clients parse them to shorten a prompt or a limit: the context, the tokens asked for, the prompt, and the sum."""
    prompt = whole(path, body_of(path, LONG, max_tokens=1)).prompt
    small = {PLAIN: {"context_length": prompt - 1, "max_output_length": 300}}
    body = body_of(path, LONG, stream=stream)
    del body["max_tokens"]
    error = error_of(post(path, body | more, models=small))
    found = OVERFLOW.fullmatch(error["message"])
    assert found is not None, error
    wanted = more.get("max_tokens") or (16 if path == COMPLETIONS else 0)
    assert tuple(map(int, found.groups())) == (prompt - 1, wanted, prompt, prompt + wanted)
    assert {**error, "message": ""} == {"message": "", "type": "BadRequestError", "param": "input_tokens", "code": 400}


def test_a_limit_is_told_as_it_was_asked_for() -> None:
    """A max_tokens that alone is too large is refused before it is lowered to what the model may answer."""
    prompt = whole(CHAT, body_of(CHAT, LONG, max_tokens=1)).prompt
    found = OVERFLOW.fullmatch(error_of(post(CHAT, body_of(CHAT, LONG, max_tokens=131_072)))["message"])
    assert found is not None
    assert found.groups() == ("131072", "131072", str(prompt), str(prompt + 131_072))
    assert post(CHAT, body_of(CHAT, LONG, max_tokens=131_072 - prompt)).status == 200


def test_a_flat_overflow_has_the_same_words() -> None:
    """The shape of errors and the words of an overflow are two settings."""
    for words, told in (("vllm", "output tokens"), ("openai", "in the completion")):
        error = post(CHAT, chat(max_tokens=10**9), error_shape="flat", overflow_error=words).json
        assert error["error"] == "Bad Request" and told in error["message"]
