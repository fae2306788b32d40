"""What a message is made of: text in parts, pictures, sound, films, files and documents, and what they cost."""

import json
from typing import Any, TypeAlias

import pytest
from support.asgi import CHAT, MESSAGES, PLAIN, ask, error_of, post
from support.parameters import answer, app_of, body_of

Body: TypeAlias = dict[str, Any]
Parts: TypeAlias = list[Body]

BOTH = pytest.mark.parametrize("path", [CHAT, MESSAGES])
READS, DROPS, REFUSES = "Qwen/Qwen3.8-27B", "openai/gpt-oss-20b", "zai-org/GLM-5.3"
EVERYTHING = {READS: {"input_modalities": ["text", "image", "audio", "video", "file"]}}
DATA = "iVBORw0KGgo="
QUESTION = "What is in it?"
QUIET: dict[str, Body] = {CHAT: {"reasoning": {"enabled": False}}, MESSAGES: {"thinking": {"type": "disabled"}}}

PICTURES: dict[str, tuple[str, Body]] = {
    "a URL": (CHAT, {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}}),
    "data": (CHAT, {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{DATA}"}}),
    "base64": (MESSAGES, {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": DATA}}),
    "an address": (MESSAGES, {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}}),
    "an uploaded one": (MESSAGES, {"type": "image", "source": {"type": "file", "file_id": "file_1"}}),
}
OTHERS: dict[str, tuple[str, Body]] = {
    "sound": (CHAT, {"type": "input_audio", "input_audio": {"data": DATA, "format": "wav"}}),
    "a film": (CHAT, {"type": "video_url", "video_url": {"url": "https://example.org/a.mp4"}}),
    "a file": (CHAT, {"type": "file", "file": {"file_data": DATA, "filename": "a.pdf"}}),
    "an uploaded file": (CHAT, {"type": "file", "file": {"file_id": "file_1"}}),
    "a document": (MESSAGES, {"type": "document", "source": {"type": "base64", "media_type": "x/y", "data": DATA}}),
    "a document's address": (MESSAGES, {"type": "document", "source": {"type": "url", "url": "https://x/a.pdf"}}),
    "an uploaded document": (MESSAGES, {"type": "document", "source": {"type": "file", "file_id": "file_1"}}),
}


def text(words: str) -> Body:
    return {"type": "text", "text": words}


def asked(path: str, parts: Any, model: str) -> Body:
    """A question of these parts, to be answered at once."""
    return body_of(path, parts, model=model) | QUIET[path]


# ---------------------------------------------------------------------------------------------- pictures


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_is_read_dropped_or_refused(kind: str) -> None:
    """As the model does: one answers, one too, and one says 400; whole and as a stream."""
    path, picture = PICTURES[kind]
    for model in (READS, DROPS):
        assert answer(path, asked(path, [text(QUESTION), picture], model)).texts != [""]
    for stream in (False, True):
        refused = post(path, asked(path, [text(QUESTION), picture], REFUSES) | {"stream": stream})
        assert (refused.status, refused.headers["content-type"]) == (400, "application/json")
        assert error_of(refused)["message"].startswith("Model only supports text input")


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_that_is_dropped_is_as_if_it_were_not_there(kind: str) -> None:
    """Neither counted, by count_tokens neither, nor spoken of."""
    path, picture = PICTURES[kind]
    told, without = (answer(path, asked(path, parts, DROPS)) for parts in ([text(QUESTION), picture], [text(QUESTION)]))
    assert (told.texts, told.prompt) == (without.texts, without.prompt)
    assert "picture" not in told.texts[0]
    if path == MESSAGES:
        count = post(f"{MESSAGES}/count_tokens", asked(path, [text(QUESTION), picture], DROPS))
        assert count.json == {"input_tokens": told.prompt}


def test_what_a_model_refuses_is_not_counted() -> None:
    """count_tokens says so as the message itself does, and names what the model reads."""
    for model, (path, part) in ((REFUSES, PICTURES["base64"]), (READS, OTHERS["a document"])):
        refused = [post(url, asked(path, [part], model)) for url in (MESSAGES, f"{MESSAGES}/count_tokens")]
        assert [exchange.status for exchange in refused] == [400, 400]
        assert error_of(refused[0])["message"] == error_of(refused[1])["message"]
    assert "supports text and image input" in error_of(refused[0])["message"]


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_that_is_read_is_counted_and_looked_at(kind: str) -> None:
    """The prompt is longer for each, and a picture alone is what the answer is about."""
    path, picture = PICTURES[kind]
    sizes = [answer(path, asked(path, [text(QUESTION), *[picture] * pictures], READS)).prompt for pictures in (0, 1, 2)]
    assert sizes[2] - sizes[1] == sizes[1] - sizes[0] > 100
    assert "picture" in answer(path, asked(path, [picture], READS)).texts[0]


@BOTH
def test_a_canned_answer_does_not_make_a_model_see(path: str) -> None:
    """What the model refuses is refused whatever a scenario would say; what it reads is answered as scripted."""
    (picture,) = [picture for where, picture in PICTURES.values() if where == path][:1]
    canned = {"text": "A cat."}
    refused = ask(app_of(canned), "POST", path, asked(path, [picture], REFUSES))
    assert (refused.status, "text input" in error_of(refused)["message"]) == (400, True)
    assert answer(path, asked(path, [picture], READS), canned).texts == ["A cat."]


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_no_picture(kind: str) -> None:
    """Sound, films and files are refused by a model that cannot take them, and counted by one that can."""
    path, part = OTHERS[kind]
    refused = post(path, asked(path, [text(QUESTION), part], READS))
    assert (refused.status, "cannot read" in error_of(refused)["message"]) == (400, True)
    engine = {"models": EVERYTHING}
    with_part = answer(path, asked(path, [text(QUESTION), part], READS), None, **engine)
    without = answer(path, asked(path, [text(QUESTION)], READS), None, **engine)
    assert with_part.prompt - without.prompt > 100


def test_a_picture_in_a_result_is_the_users() -> None:
    """A tool may answer with one: it is refused, counted and read like any other."""
    _, picture = PICTURES["base64"]
    use = {"type": "tool_use", "id": "a", "name": "look", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "a", "content": [text("Here."), picture]}
    turns = [
        {"role": "user", "content": "Look."},
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [result]},
    ]
    plain = [*turns[:2], {"role": "user", "content": [result | {"content": "Here."}]}]
    body = asked(MESSAGES, "", READS)
    assert post(MESSAGES, body | {"messages": turns, "model": REFUSES}).status == 400
    with_picture, without = (answer(MESSAGES, body | {"messages": messages}) for messages in (turns, plain))
    assert with_picture.prompt - without.prompt > 100
    assert with_picture.texts != [""]


# ---------------------------------------------------------------------------------------------- text


@BOTH
def test_text_in_parts_is_text(path: str) -> None:
    """One part is the same as a string, in words and in tokens."""
    parts = answer(path, body_of(path, [text(QUESTION)]))
    assert parts.choices == answer(path, body_of(path, QUESTION)).choices
    assert parts.prompt == answer(path, body_of(path, QUESTION)).prompt


@pytest.mark.parametrize(
    "block",
    [
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "The harbour of Lisbon."}},
        {"type": "document", "source": {"type": "content", "content": "The harbour of Lisbon."}},
        {"type": "document", "source": {"type": "content", "content": [text("The harbour of Lisbon.")]}},
        {"type": "search_result", "source": "https://x", "title": "x", "content": [text("The harbour of Lisbon.")]},
    ],
    ids=["text", "content", "blocks", "search result"],
)
@pytest.mark.parametrize("inside", [False, True], ids=["in a message", "in a result"])
def test_a_document_with_text_is_read(block: Body, inside: bool) -> None:
    """By every model, as text: it is counted, also in the result of a tool, and the answer can be about it."""
    if inside:
        use = {"type": "tool_use", "id": "a", "name": "look", "input": {}}
        result = {"type": "tool_result", "tool_use_id": "a", "content": [block]}
        messages = [
            {"role": "user", "content": "Look."},
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [result]},
        ]
        without = [*messages[:2], {"role": "user", "content": [result | {"content": ""}]}]
    else:
        messages, without = [{"role": "user", "content": [block]}], [{"role": "user", "content": ""}]
    told = answer(MESSAGES, body_of(MESSAGES) | {"messages": messages})
    assert "harbour of Lisbon" in told.texts[0]
    assert told.prompt - answer(MESSAGES, body_of(MESSAGES) | {"messages": without}).prompt >= 5


@pytest.mark.parametrize(
    ("messages", "counted"),
    [
        ([{"role": "system", "content": "Be brief."}], True),
        ([{"role": "developer", "content": "Be brief."}], True),
        ([{"role": "user", "content": "x", "name": "ana"}], True),
        ([{"role": "assistant", "content": "x", "reasoning_content": "I wonder."}], True),
        ([{"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}], True),
        ([], False),
    ],
    ids=str,
)
def test_every_message_is_counted(messages: Parts, counted: bool) -> None:
    """Whatever its role; with its name and its reasoning."""
    body = body_of(CHAT, QUESTION)
    told = answer(CHAT, body | {"messages": [*messages, *body["messages"]]})
    assert (told.prompt > answer(CHAT, body).prompt) == counted
    assert told.texts != [""]


# ---------------------------------------------------------------------------------------------- what else is said of it


@pytest.mark.parametrize(
    ("modalities", "strictness", "status"),
    [
        (None, "openai", 200),
        (["text"], "openai", 200),
        (["text", "audio"], "openai", 400),
        (["text", "audio"], "vllm", 200),
        (["audio"], "vllm", 200),
    ],
)
def test_no_model_speaks(modalities: Any, strictness: str, status: int) -> None:
    """Audio as a modality changes no answer, or is a 400 that names the field where OpenAI's rules hold."""
    body = body_of(CHAT, QUESTION, modalities=modalities)
    exchange = post(CHAT, body, strictness=strictness)
    assert exchange.status == status
    if status == 400:
        assert error_of(exchange)["param"] == "modalities"
    else:
        plain = post(CHAT, body_of(CHAT, QUESTION)).json["choices"]
        assert exchange.json["choices"] == plain


@pytest.mark.parametrize(
    "more",
    [
        {"user": "ana"},
        {"service_tier": "auto"},
        {"service_tier": "priority"},
        {"metadata": {"team": "x"}, "store": True},
        {"prompt_cache_key": "x", "cache_salt": "y", "safety_identifier": "z", "verbosity": "low"},
        {"web_search_options": {}, "nobody knows": [1]},
    ],
    ids=lambda more: next(iter(more)),
)
@pytest.mark.parametrize("canned", [None, {"text": "Aye."}], ids=["generated", "canned"])
def test_what_has_no_effect(more: Body, canned: Body | None) -> None:
    """Neither on the words nor on usage, and nothing of it comes back."""
    plain, other = (answer(CHAT, body_of(CHAT, QUESTION) | added, canned) for added in ({}, more))
    assert (plain.choices, plain.prompt, plain.completion) == (other.choices, other.prompt, other.completion)
    assert set(json.loads(other.body)) == {"id", "object", "created", "model", "choices", "usage"}


@pytest.mark.parametrize(
    ("path", "part", "where"),
    [
        (CHAT, {"type": "image_url", "image_url": {"url": "cat.png"}}, "messages[0].content[0].image_url.url"),
        (CHAT, {"type": "image_url", "image_url": "https://x/y"}, "messages[0].content[0].image_url"),
        (CHAT, {"type": "input_audio", "input_audio": {}}, "messages[0].content[0].input_audio.data"),
        (CHAT, {"type": "poem"}, "messages[0].content[0].type"),
        (MESSAGES, {"type": "image", "source": {"type": "base64"}}, "messages.0.content.0.source.data"),
        (MESSAGES, {"type": "document", "source": {"type": "tape"}}, "messages.0.content.0.source.type"),
        (MESSAGES, {"type": "poem"}, "messages.0.content.0.type"),
    ],
)
def test_a_part_that_is_none(path: str, part: Body, where: str) -> None:
    """A 400 says where it is, whatever the model; on /anthropic a setting refuses types that are unknown."""
    for model in (PLAIN, READS):
        exchange = post(path, body_of(path, [part], model=model), unknown_blocks="reject")
        error = error_of(exchange)
        assert (exchange.status, error.get("param", error["message"].partition(":")[0])) == (400, where)
