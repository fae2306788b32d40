"""The other parameters of /v1: choices, streams, log probabilities, and what is accepted without an effect."""

from typing import Any

import pytest
from support.asgi import CHAT, COMPLETIONS, PLAIN, REASONING, ask, error_of, events, post
from support.documented_parameters import optional
from support.parameters import CANNED, TOLD, V1, answer, app_of, body_of, read, whole

from emulator.core.tokens import split

KINDS = pytest.mark.parametrize("canned", [None, TOLD], ids=["generated", "canned"])
ON_V1 = pytest.mark.parametrize("path", V1)
SILENT = {PLAIN: {"supported_features": ["tools"]}}


def stream(path: str, body: dict[str, Any], canned: Any = None, **settings: Any) -> list[Any]:
    """The chunks of a stream, without the [DONE] at its end."""
    exchange = ask(app_of(canned, **settings), "POST", path, body | {"stream": True})
    assert exchange.headers["content-type"].startswith("text/event-stream")
    *chunks, done = events(exchange.body)
    assert done == "[DONE]"
    return chunks


# ---------------------------------------------------------------------------------------------- model, n


@ON_V1
@KINDS
def test_the_model_decides_what_can_be_answered(path: str, canned: Any) -> None:
    """Its name comes back; an unknown one is 404."""
    exchange = ask(app_of(canned), "POST", path, body_of(path, model=REASONING))
    assert exchange.json["model"] == REASONING
    for unknown in ("gpt-4o", REASONING.replace("/", "-")):
        refused = post(path, body_of(path, model=unknown))
        assert (refused.status, error_of(refused)["code"]) == (404, "model_not_found")


def test_another_model_answers_in_other_words() -> None:
    """The same question to two models that do not reason of themselves."""
    said = {whole(CHAT, body_of(CHAT, model=model, reasoning_effort="none")).texts[0] for model in (PLAIN, REASONING)}
    assert len(said) == 2


@ON_V1
@pytest.mark.parametrize("n", [1, 2, 5, 128])
def test_n_gives_so_many_choices(path: str, n: int) -> None:
    """Each says something of its own, and usage counts them all; the prompt counts once."""
    told = answer(path, body_of(path, n=n, max_tokens=40))
    assert len(set(told.texts)) == len(told.texts) == n
    assert told.completion == sum(len(split(text)) for text in told.texts)
    assert told.prompt == answer(path, body_of(path)).prompt


@ON_V1
def test_n_repeats_what_is_canned(path: str) -> None:
    """A scenario's text in each choice, and its choices in turn."""
    told = answer(path, body_of(path, n=3), TOLD)
    assert (told.texts, told.completion) == ([CANNED] * 3, 3 * len(split(CANNED)))
    both = answer(path, body_of(path, n=3), {"choices": [{"text": "a"}, {"text": "b"}]})
    assert both.texts == ["a", "b", "a"]


def test_n_has_a_ceiling_that_can_be_set() -> None:
    """128, or what the server is told."""
    assert [post(CHAT, body_of(CHAT, n=n, max_tokens=1)).status for n in (128, 129)] == [200, 400]
    assert error_of(post(CHAT, body_of(CHAT, n=3), max_n=2))["param"] == "n"


# ---------------------------------------------------------------------------------------------- stream


@ON_V1
@KINDS
def test_stream_tells_the_answer_piece_by_piece(path: str, canned: Any) -> None:
    """A chunk a token, and only where it is asked for: null and false give a whole body."""
    said = answer(path, body_of(path, max_tokens=12), canned).texts[0]
    choices = [part for chunk in stream(path, body_of(path, max_tokens=12), canned) for part in chunk["choices"]]
    pieces = [part["text"] if path == COMPLETIONS else part["delta"].get("content", "") for part in choices]
    assert "".join(pieces) == said
    assert [piece for piece in pieces if piece] == [piece for piece in split(said).pieces if piece]
    for no in (None, False):
        assert post(path, body_of(path, stream=no)).headers["content-type"] == "application/json"


@ON_V1
@KINDS
@pytest.mark.parametrize("options", [None, {}, {"include_usage": False}, {"include_obfuscation": True}], ids=repr)
def test_a_stream_tells_no_usage_unless_it_is_asked_for(path: str, canned: Any, options: Any) -> None:
    """No chunk has the key."""
    chunks = stream(path, body_of(path, max_tokens=12, stream_options=options), canned)
    assert all("usage" not in chunk for chunk in chunks)


@ON_V1
@KINDS
def test_include_usage_tells_it_in_a_last_chunk(path: str, canned: Any) -> None:
    """Without choices, and with the numbers of the whole body."""
    body = body_of(path, n=2)
    *chunks, last = stream(path, body | {"stream_options": {"include_usage": True}}, canned)
    told = whole(path, body, canned)
    assert all("usage" not in chunk for chunk in chunks)
    assert last["choices"] == []
    assert (last["usage"]["prompt_tokens"], last["usage"]["completion_tokens"]) == (told.prompt, told.completion)


@ON_V1
@KINDS
def test_continuous_usage_counts_along(path: str, canned: Any) -> None:
    """From none to all, by what each chunk adds; only together with include_usage."""
    options = {"include_usage": True, "continuous_usage_stats": True}
    chunks = stream(path, body_of(path, max_tokens=12, stream_options=options), canned)
    counts = [chunk["usage"]["completion_tokens"] for chunk in chunks]
    assert counts == sorted(counts)
    assert set(counts) == {*range(1, 13)} | ({0} if path == CHAT else set())
    alone = stream(path, body_of(path, stream_options={"continuous_usage_stats": True}), canned)
    assert all("usage" not in chunk for chunk in alone)


@ON_V1
def test_stream_options_without_a_stream_are_refused(path: str) -> None:
    """As AkashML's page says: they are only valid when stream is true."""
    refused = post(path, body_of(path, stream_options={"include_usage": True}))
    assert (refused.status, error_of(refused)["param"]) == (400, "stream_options")


# ---------------------------------------------------------------------------------------------- log probabilities


@KINDS
@pytest.mark.parametrize("wanted", [{}, {"logprobs": False}, {"logprobs": None}, {"logprobs": True}], ids=repr)
def test_logprobs_are_told_where_they_are_asked_for(canned: Any, wanted: dict[str, Any]) -> None:
    """An entry a token of text, without alternatives; else null."""
    choice = answer(CHAT, body_of(CHAT, **wanted), canned).choices[0]
    entries = choice.logprobs
    assert (entries is not None) == (wanted.get("logprobs") is True)
    if entries is not None:
        assert [entry.token for entry in entries] == list(split(choice.text).pieces)
        assert all(not entry.top for entry in entries)


@KINDS
@pytest.mark.parametrize("top", [0, 1, 20])
def test_top_logprobs_tells_so_many_alternatives(canned: Any, top: int) -> None:
    """For each token of every choice, the chosen one among them."""
    told = answer(CHAT, body_of(CHAT, logprobs=True, top_logprobs=top, n=2, max_tokens=20), canned)
    for choice in told.choices:
        assert {len(entry.top) for entry in choice.logprobs or ()} == {top}
        assert all(entry.top[entry.token] == entry.logprob for entry in choice.logprobs or () if top)


@ON_V1
@KINDS
def test_a_model_without_log_probabilities_answers_null(path: str, canned: Any) -> None:
    """As AkashML was seen to do, rather than refuse; the text is the same."""
    wanted = {"logprobs": 1} if path == COMPLETIONS else {"logprobs": True, "top_logprobs": 3}
    silent = answer(path, body_of(path, **wanted), canned, models=SILENT)
    assert silent.choices[0].logprobs is None
    assert silent.texts == answer(path, body_of(path), canned).texts


def test_the_text_of_a_format_has_log_probabilities_too() -> None:
    """JSON that is asked for is told token by token as well."""
    choice = answer(CHAT, body_of(CHAT, logprobs=True, response_format={"type": "json_object"})).choices[0]
    assert "".join(entry.token for entry in choice.logprobs or ()) == choice.text


# ---------------------------------------------------------------------------------------------- without effect


@ON_V1
@KINDS
@pytest.mark.parametrize(
    "parameter",
    [
        *({"user": "ana"}, {"service_tier": "default"}, {"service_tier": "flex"}, {"cache_salt": "x"}),
        *({"prompt_cache_key": "x"}, {"metadata": {"a": "b"}}, {"store": True}, {"include_obfuscation": False}),
        *({"safety_identifier": "x"}, {"verbosity": "low"}, {"length_penalty": 2}, {"skip_special_tokens": False}),
    ],
    ids=repr,
)
def test_some_parameters_are_accepted_and_change_no_word(path: str, canned: Any, parameter: dict[str, Any]) -> None:
    """What names the caller or steers a service, and whatever nobody knows; nor does it cost a token."""
    body = body_of(path, max_tokens=20)
    with_it, without = answer(path, body | parameter, canned), answer(path, body, canned)
    assert with_it.choices == without.choices
    assert (with_it.prompt, with_it.completion) == (without.prompt, without.completion)


NULLABLE = sorted(optional("POST /v1/chat/completions") | optional("POST /v1/completions"))


@ON_V1
@pytest.mark.parametrize("parameter", NULLABLE)
def test_null_is_the_same_as_absent(path: str, parameter: str) -> None:
    """For every optional parameter: AkashML's schema marks nearly all of them nullable."""
    body = body_of(path, max_tokens=20)
    assert answer(path, body | {parameter: None}).choices == answer(path, body).choices


# ---------------------------------------------------------------------------------------------- messages


def test_messages_are_what_is_answered() -> None:
    """The last question is spoken of, and every message is read: each makes the prompt longer."""
    question = {"role": "user", "content": "Tell me about the harbour of Lisbon."}
    before = [{"role": "system", "content": "You are kind."}, {"role": "user", "content": "Hi"}]
    before += [{"role": "assistant", "content": "Hello, how can I help?"}]
    sizes = []
    for at in range(4):
        exchange = post(CHAT, {"model": PLAIN, "messages": [*before[:at], question]})
        told = read(CHAT, exchange.body, exchange.json)
        assert "harbour of Lisbon" in told.texts[0]
        sizes.append(told.prompt)
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("more", ["tools", "response_format", "picture"])
def test_what_is_to_be_read_counts(more: str) -> None:
    """Tools, a schema and pictures are tokens of the prompt."""
    schema = {"type": "object", "properties": {"city": {"type": "string", "description": "The name of a city."}}}
    picture = [{"type": "text", "text": "Look."}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}]
    bodies: dict[str, dict[str, Any]] = {
        "tools": body_of(CHAT, "Look.", tools=[{"type": "function", "function": {"name": "f", "parameters": schema}}]),
        "response_format": body_of(
            CHAT, "Look.", response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
        ),
        "picture": body_of(CHAT, picture),
    }
    reading = {"model": "Qwen/Qwen3.8-27B", "max_tokens": 5}
    plain = answer(CHAT, body_of(CHAT, "Look.") | reading).prompt
    assert answer(CHAT, bodies[more] | reading).prompt > plain + 10
