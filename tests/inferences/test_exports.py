"""Exports: a scenario made of an inference loads, matches the request that it was made of, and answers the same."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp
from support.asgi import CHAT, COMPLETIONS, MESSAGES, activate, ask, chat, completion, message
from support.texts import TEXTS, TRICKY

from emulator.core.catalog import LONGEST_NAME, Catalog
from emulator.core.clock import EPOCH, VirtualClock
from emulator.core.settings import Settings
from emulator.dialects.endpoints import ENDPOINTS
from emulator.engine.engine import Engine
from emulator.inferences import Inference
from emulator.inferences.exports import FORMATS, NotReproducible, scenario
from emulator.scenario.library import Library
from emulator.scenario.loader import load_text
from emulator.scenario.reply import is_header_value
from emulator.scenario.writing import BlockMapping, dump, literal
from emulator.store.memory import MemoryStore
from emulator.web.app import create_app
from emulator.wire.server import Background

CATALOG = Catalog.load()
FORMS = {"chat": (CHAT, chat), "completions": (COMPLETIONS, completion), "messages": (MESSAGES, message)}
EVERYWHERE = pytest.mark.parametrize("endpoint", FORMS)
PATIENT = settings(max_examples=20, deadline=None)
UNKNOWN = TEXTS.filter(lambda text: text and CATALOG.named(text, aliased=True) is None)
"""Names of no model; Hypothesis also tries words of the code, and so ids of the catalogue."""
REPLIES: dict[str, Callable[[str, str], dict[str, Any]]] = {
    "text": lambda text, header: {"reasoning": literal(text), "text": literal(text)},
    "tool call": lambda text, header: {"tool_calls": [{"name": "f", "arguments": literal(json.dumps({text: text}))}]},
    "raw": lambda text, header: {"raw": {"status": 429, "headers": {"content-type": literal(header)}, "body": text}},
    "wait of an answer": lambda text, header: {"text": "a", "headers": {"retry-after": literal(header)}},
    "frames": lambda text, header: {"frames": [text, "data: [DONE]"]},
    "stream": lambda text, header: {"frames": text},
    "error": lambda text, header: {
        "error": {
            "kind": "overloaded",
            "message": literal(text),
            "code": "c",
            "type": text or "t",
            "param": text or "p",
        },
        "headers": {"retry-after": literal(header)},
    },
    "flat error": lambda text, header: {"error": {"status": 418, "message": literal(text), "shape": "flat"}},
    "error to wait for": lambda text, header: {"error": "rate_limited", "retry_after": "1000000s"},
    "raw error to wait for": lambda text, header: {"raw": {"status": 503, "body": text}, "retry_after": "1500ms"},
}


def playing(text: str) -> tuple[Engine, ASGIApp]:
    """An app that plays a scenario, under the name `played`."""
    engine = an_engine()
    scenario = load_text(text, "played.yaml", catalog=engine.catalog)
    activate(engine, engine.library.add(msgspec.structs.replace(scenario, name="played")).scenario.name)
    return engine, create_app(engine)


def an_engine(**settings: Any) -> Engine:
    """An engine whose clock stands still."""
    return Engine(Settings(**settings), CATALOG, VirtualClock(EPOCH, rate=0), MemoryStore(), Library(CATALOG, []))


def answering(reply: Mapping[str, Any]) -> tuple[Engine, ASGIApp]:
    """An app that answers everything with this reply."""
    return playing(dump(BlockMapping(rules=[{"reply": dict(reply)}])))


def last(engine: Engine) -> Inference:
    """The latest inference."""
    return engine.store.inferences.all()[-1]


def comes_again(engine: Engine, app: ASGIApp, path: str, body: Any) -> Inference:
    """Ask, and ask the same of the scenario that is made of the inference: its rule answers, and answers the same."""
    ask(app, "POST", path, body)
    seen = last(engine)
    repeating, replay = playing(scenario(seen, CATALOG))
    ask(replay, "POST", path, body)
    again = last(repeating)
    assert again.answered_by == "played/rules[0]"
    for name in ("status", "response", "outcome", "error", "retry_after"):
        assert getattr(again, name) == getattr(seen, name)
    kinds = [dict(each.response_headers).get("content-type") for each in (seen, again)]
    assert kinds[0] == kinds[1]
    return seen


# ---------------------------------------------------------------------------------------------- any text


@EVERYWHERE
@PATIENT
@given(text=TEXTS, key=TEXTS, stream=st.booleans())
def test_whatever_was_asked_is_asked_again(endpoint: str, text: str, key: str, stream: bool) -> None:
    """Any text in a message or prompt, and any key and value of a mapping in it, matches the rule made of it."""
    path, make = FORMS[endpoint]
    key = f"{key}{key}_"  # no field that has a meaning
    asked = [text, "a"] if endpoint == "completions" else [{"type": "text", "text": text, key: {key: text}}]
    engine, app = answering({"text": "Hello."})
    seen = comes_again(engine, app, path, make(asked, stream=stream))
    assert seen.answered_by == "played/rules[0]"


@EVERYWHERE
@PATIENT
@given(text=TEXTS, header=TEXTS.filter(is_header_value), stream=st.booleans(), kind=st.sampled_from(sorted(REPLIES)))
def test_whatever_was_answered_is_answered_again(
    endpoint: str, text: str, header: str, stream: bool, kind: str
) -> None:
    """Any text that is said, sent verbatim or told by an error, and any header's value, comes back."""
    path, make = FORMS[endpoint]
    engine, app = answering(REPLIES[kind](text, header))
    comes_again(engine, app, path, make(stream=stream))


@pytest.mark.parametrize("kind", REPLIES)
def test_every_kind_of_answer_is_answered_again(kind: str) -> None:
    """For each endpoint, whole and streamed; a number's look, a template's tag and a header's spaces change nothing."""
    for endpoint in ENDPOINTS.values():
        for stream in (False, True):
            engine, app = answering(REPLIES[kind]("08 {{ a }}\r\n ", " 1e3 {% "))
            comes_again(engine, app, endpoint.path, {**endpoint.sample, "stream": stream})


@EVERYWHERE
@PATIENT
@given(model=UNKNOWN)
def test_a_model_of_any_name_is_asked_for_again(endpoint: str, model: str) -> None:
    """A model that is not in the catalogue is declared; a name that no model can have is refused in words."""
    path, make = FORMS[endpoint]
    engine = an_engine()
    try:
        seen = comes_again(engine, create_app(engine), path, {**make(), "model": model})
    except NotReproducible as refused:
        assert "an id without spaces" in str(refused)
    else:
        assert (seen.status, seen.error) == (404, "model_not_found")


@EVERYWHERE
@PATIENT
@given(model=UNKNOWN.filter(lambda text: len(text) <= LONGEST_NAME))
def test_another_name_of_a_model_is_asked_for_again(endpoint: str, model: str) -> None:
    """A name that a model answered to is declared as one of this model, whatever characters it has."""
    path, make = FORMS[endpoint]
    engine = an_engine(any_model="zai-org/GLM-5.3")
    seen = comes_again(engine, create_app(engine), path, {**make(), "model": model})
    assert (seen.status, seen.model, seen.catalogue_model) == (200, model, "zai-org/GLM-5.3")


@pytest.mark.parametrize("text", TRICKY)
def test_every_tricky_text_is_asked_for_again(text: str) -> None:
    """As a message's content and as an answer; `08`, `1e3` and `<<` are texts like any other."""
    engine, app = answering({"text": literal(text)})
    comes_again(engine, app, CHAT, chat(text))


# ---------------------------------------------------------------------------------------------- what cannot be told


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{bad", "its key or its JSON is bad"),
        (b'{"model": "m", "messages": [{"role": "user", "content": "\xff"}]}', "its key or its JSON is bad"),
        (b"5", "its key or its JSON is bad"),
        (b'"messages"', "its key or its JSON is bad"),
        (b"[]", "its key or its JSON is bad"),
        (b"{}", "its key or its JSON is bad"),
        (json.dumps(chat([{"type": "text", "text": "a", "b": 10**400}])).encode(), "would be read as another value"),
        (json.dumps(chat(None, model="a b")).encode(), "an id without spaces"),
    ],
)
def test_a_request_that_no_scenario_can_match_is_refused(body: bytes, why: str) -> None:
    """The export says why, and the record can be read all the same."""
    engine = an_engine()
    app = create_app(engine)
    ask(app, "POST", CHAT, body)
    with pytest.raises(NotReproducible, match=why):
        scenario(last(engine), engine.catalog)
    assert ask(app, "GET", "/_emulator/inferences").status == 200
    answer = ask(app, "GET", f"/_emulator/inferences/{last(engine).id}?format=scenario")
    assert answer.status == 400
    assert why.rsplit(" ", maxsplit=1)[-1] in answer.json["error"]["message"]


def test_an_answer_that_is_no_text_is_refused() -> None:
    """Noise that is no UTF-8 is told in the record, and not written as other characters."""
    engine, app = answering({"text": "a b c", "faults": [{"garbage": True, "after": {"tokens": 1}}]})
    ask(app, "POST", CHAT, chat(stream=True))
    assert last(engine).response_lossy
    with pytest.raises(NotReproducible, match="no UTF-8"):
        scenario(last(engine), engine.catalog)


def test_deep_messages_are_refused() -> None:
    """A message that is nested deeper than a scenario may be is refused, in words."""
    content: Any = "a"
    for _ in range(60):
        content = [{"type": "text", "text": "a", "b": content}]
    engine = an_engine()
    ask(create_app(engine), "POST", CHAT, chat(content))
    with pytest.raises(NotReproducible, match="nested deeper than 50 levels"):
        scenario(last(engine), engine.catalog)


# ---------------------------------------------------------------------------------------------- the forms


@pytest.mark.parametrize("name", FORMATS)
def test_every_form_is_asked_for_by_its_name(name: str) -> None:
    """One inference has the media type of its form; several are joined, or refused by a form that takes one."""
    engine = an_engine()
    app = create_app(engine)
    ask(app, "POST", CHAT, chat())
    one = ask(app, "GET", f"/_emulator/inferences/{last(engine).id}?format={name}")
    url = "http://127.0.0.1:8402/"
    assert one.headers["content-type"].partition(";")[0] == FORMATS[name].media_type
    ask(app, "POST", CHAT, chat("Another."))
    several = ask(app, "GET", f"/_emulator/inferences?format={name}")
    if FORMATS[name].between is None:
        assert (several.status, several.json["error"]["param"]) == (400, "format")
    else:
        texts = [FORMATS[name].write(each, url, engine.catalog) for each in engine.store.inferences.all()]
        assert several.body.decode() == (FORMATS[name].between or "").join(texts)


def test_the_forms_are_told_where_one_is_unknown() -> None:
    """Who asks for another form reads the names of all."""
    refused = ask(create_app(an_engine()), "GET", "/_emulator/inferences?format=yaml")
    assert refused.json["error"]["message"].endswith(f"format is one of {', '.join(['json', *FORMATS])}.")


@EVERYWHERE
@pytest.mark.parametrize("stream", [True, False])
def test_a_python_program_asks_the_same(endpoint: str, stream: bool, tmp_path: Path) -> None:
    """It runs as it is, with the key in the environment, and its request is another attempt at the same question."""
    path, asked = FORMS[endpoint]
    engine = an_engine()
    app = create_app(engine)
    body = asked(
        'It\'s "quoted"\n</script> ü', stream=stream, top_k=3, max_tokens=5, nobody_knows={"__proto__": [None]}
    )
    server, key = Background(app, "127.0.0.1", 0), "akml-0123456789abcdef0123456789abcdef"
    url = "http://{}:{}".format(*server.start())
    try:
        httpx.post(url + path, json=body, headers={"authorization": f"Bearer {key}"}).raise_for_status()
        program = httpx.get(f"{url}/_emulator/inferences/1?format=python").text
        (tmp_path / "program.py").write_text(program, encoding="utf-8")
        environment = {**os.environ, "AKASHML_API_KEY": key, "NO_PROXY": "*"}
        subprocess.run([sys.executable, tmp_path / "program.py"], check=True, capture_output=True, env=environment)
    finally:
        server.stop()
    first, second = engine.store.inferences.all()
    assert (second.request, second.endpoint, second.namespace) == (body, first.endpoint, first.namespace)
    assert key not in program


@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
@EVERYWHERE
@given(text=TEXTS, key=TEXTS)
@settings(max_examples=5, deadline=None)
def test_a_node_program_asks_the_same(endpoint: str, text: str, key: str) -> None:
    """It is an ES module whose request has the same fields, whatever is in them."""
    path, asked = FORMS[endpoint]
    engine = an_engine()
    body = {**asked(text), "__proto__": {key: text}}
    ask(create_app(engine), "POST", path, body)
    seen = last(engine)
    _, _, program = FORMATS["node"].write(seen, "http://127.0.0.1:8402", CATALOG).partition("\n")
    client = ENDPOINTS[endpoint].sdk.client
    create = "{ create: async (body) => (process.stdout.write(JSON.stringify(body)), process.exit()) }"
    members = f"messages = {create}; completions = {create}; chat = {{ completions: {create} }};"
    done = subprocess.run(
        ["node", "--input-type=module", "-"],
        input=f"class {client} {{ {members} }}\n{program}",
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == seen.request


@pytest.mark.parametrize("name", ["python", "node"])
def test_no_sdk_asks_what_is_no_request(name: str) -> None:
    """A path that does not exist, and a body that is no JSON object, are a 400 that says so."""
    app = create_app(an_engine())
    ask(app, "GET", "/v1/nowhere")
    ask(app, "POST", CHAT, b"[1]")
    for number, words in ((1, "no endpoint"), (2, "no JSON object")):
        refused = ask(app, "GET", f"/_emulator/inferences/{number}?format={name}")
        assert (refused.status, words in refused.json["error"]["message"]) == (400, True)
