"""Models under other names: a name such as gpt-4o is answered by a model of the catalogue, if the server is told to."""

from typing import Any

import anthropic
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.asgi import (
    CHAT,
    COUNT,
    PLAIN,
    REASONING,
    SAMPLES,
    STREAMED,
    activate,
    ask,
    chat,
    error_of,
    events,
    get,
    make_engine,
    post,
)

from emulator import Emulator
from emulator.core.catalog import LONGEST_NAME, Catalog
from emulator.core.settings import SettingsError
from emulator.scenario.loader import load_text
from emulator.web.app import create_app

PATHS = [*SAMPLES, COUNT]
BODIES = SAMPLES | {COUNT: {"messages": [{"role": "user", "content": "Hello"}]}}
KNOWN = {id for model in Catalog.load() for id in (model.id, model.id.replace("/", "--"))}
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=LONGEST_NAME).filter(lambda name: name not in KNOWN)
QUESTION: list[Any] = [{"role": "user", "content": "Say hello."}]
ALL, NONE = create_app(make_engine(any_model=True)), create_app(make_engine())


def named(exchange: Any) -> set[str]:
    """The models that an answer names, in its body or in the events of its stream."""
    told = [exchange.json] if exchange.headers["content-type"] == "application/json" else events(exchange.body)
    bodies = [each for event in told if event != "[DONE]" for each in (event, event.get("message", {}))]
    return {each["model"] for each in bodies if "model" in each}


# ---------------------------------------------------------------------------------------------- any name


@given(st.sampled_from(PATHS), NAMES)
def test_a_name_is_a_404_unless_any_is_answered(path: str, name: str) -> None:
    """By default a name that is no id is a 404; with any_model, every endpoint answers to it, whole and streamed."""
    body = BODIES[path] | {"model": name}
    refused = ask(NONE, "POST", path, body)
    assert (refused.status, "--any-model" in error_of(refused)["message"]) == (404, True)
    whole = ask(ALL, "POST", path, body)
    assert (whole.status, named(whole)) == (200, set() if path == COUNT else {name})
    if path in STREAMED:
        streamed = ask(ALL, "POST", path, body | {"stream": True})
        assert (streamed.status, named(streamed)) == (200, {name})


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("model", ["", 5, None, ["gpt-4o"]])
def test_what_is_no_name_is_refused_as_ever(path: str, model: Any) -> None:
    """An empty name, or one that is no text, is a 400 in the same words with any_model and without."""
    body = BODIES[path] | {"model": model}
    refused = ask(ALL, "POST", path, body)
    assert refused.status == 400
    assert error_of(refused)["message"] == error_of(ask(NONE, "POST", path, body))["message"]


def test_a_name_has_an_end() -> None:
    """A name is repeated in each chunk of a stream, so a long one is a 404, whose message tells how long it may be."""
    assert post(CHAT, chat(model="x" * LONGEST_NAME), any_model=True).status == 200
    refused = post(CHAT, chat(model="x" * (LONGEST_NAME + 1)), any_model=True)
    assert refused.status == 404
    assert f"at most {LONGEST_NAME} characters" in error_of(refused)["message"]


@pytest.mark.parametrize(
    ("value", "id"), [(True, PLAIN), ("yes", PLAIN), (REASONING, REASONING), ("zai-org--GLM-5.3", REASONING)]
)
def test_the_setting_names_the_model_that_answers(value: Any, id: str) -> None:
    """The setting is true, or the id of a model in either form; the record has both names, and that model's price."""
    with Emulator(any_model=value) as emulator, emulator.session("names") as akash:
        with openai.OpenAI(base_url=akash.openai_base_url, api_key=akash.key) as client:
            assert client.chat.completions.create(model="gpt-4o", messages=QUESTION).model == "gpt-4o"
        (inference,) = akash.inferences
        assert (inference.model, inference.catalogue_model) == ("gpt-4o", id)
        assert f"gpt-4o as {id}" in inference.line()
        assert inference.charge is not None


def test_an_unknown_model_cannot_answer() -> None:
    """The setting's value must be a model; the nearest one is named."""
    with pytest.raises(
        SettingsError,
        match='cannot be "zai-org/GLM-5": expected the id of a model of the catalogue; did you mean "zai-org/GLM-5',
    ):
        Emulator(any_model="zai-org/GLM-5")


def test_a_name_answers_what_its_model_answers() -> None:
    """The text depends on the model that answers, not on the name by which it was asked."""
    texts = {
        post(CHAT, chat(model=model), any_model=True).json["choices"][0]["message"]["content"]
        for model in ("gpt-4o", "x", PLAIN)
    }
    assert len(texts) == 1


def test_the_catalogues_name_can_be_told_instead() -> None:
    """With model_name=catalogue, an answer names the model of the catalogue."""
    assert post(CHAT, chat(model="gpt-4o"), any_model=True, model_name="catalogue").json["model"] == PLAIN


# ---------------------------------------------------------------------------------------------- globs of names

GLOBS = {
    "gpt-*": {"like": REASONING},
    "gpt-4*": {"like": PLAIN},
    "claude-*": {"like": PLAIN},
    "*": {"like": "openai/gpt-oss-20b"},
}


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("gpt-5", REASONING),
        ("GPT-5", REASONING),
        ("gpt-4o", PLAIN),
        ("claude-sonnet-5[1m]", PLAIN),
        ("openai/gpt-oss-120b", "openai/gpt-oss-120b"),
        ("openai--gpt-oss-120b", "openai/gpt-oss-120b"),
        ("o3", "openai/gpt-oss-20b"),
    ],
)
def test_the_id_comes_first_and_then_the_most_specific_glob(name: str, id: str) -> None:
    """An id in either form is itself; of the globs that match, the one with the most literal characters counts."""
    for globs in (GLOBS, dict(reversed(GLOBS.items()))):
        model = Catalog.load().with_models(globs).named(name, aliased=True, other=PLAIN)
        assert model is not None
        assert model.id == id


def test_a_scenarios_names_come_before_the_servers() -> None:
    """What is added later comes first, however specific the others are; the setting comes last."""
    catalog = (
        Catalog.load().with_models(GLOBS).with_models({"gpt-*": {"like": "moonshotai/Kimi-K3"}, "g*": {"like": PLAIN}})
    )
    found = [catalog.named(name, other=REASONING) for name in ("gpt-4o", "grok")]
    assert [model and model.id for model in found] == ["moonshotai/Kimi-K3", PLAIN]


def test_globs_are_not_listed_but_their_names_are_models() -> None:
    """The lists have the catalogue's ids; a look at one name gives the model that answers, under this name."""
    app = create_app(make_engine(models=GLOBS))
    for listed in ("/v1/models", "/anthropic/v1/models"):
        assert ask(app, "GET", listed).json == get(listed).json
        one, own = (ask(app, "GET", f"{listed}/{id}").json for id in ("gpt-4o", PLAIN))
        assert one == own | {"id": "gpt-4o"}
    assert ask(app, "GET", "/anthropic/v1/models?after_id=gpt-4o").status == 404
    assert get("/v1/models/gpt-4o").status == 404
    assert get("/v1/models/gpt-4o", any_model=True).json["id"] == "gpt-4o"


@pytest.mark.parametrize(
    ("models", "mistake"),
    [
        (
            {"gpt-*": {"like": "zai-org/GLM-5.2"}},
            "gpt-*: like: expected the id of a model, got 'zai-org/GLM-5.2'; did you mean \"zai-org/GLM-5.3\"?",
        ),
        ({"gpt-*": {"like": 5}}, "gpt-*: like: expected the id of a model, got 5"),
        ({"gpt-*": {"like": "gpt-*"}}, "gpt-*: like: expected the id of a model, got 'gpt-*'"),
        (
            {"gpt-*": {"like": PLAIN, "name": "x"}},
            "gpt-*: name: unknown key beside `like`: the fields are those of that model",
        ),
        (
            {"gpt-*": {"context_length": 5}},
            'gpt-*: expected an id without spaces, "*" and "?", or for a glob of names the model that answers to them, '
            "such as {like: zai-org/GLM-5.3}, got 'gpt-*'",
        ),
        ({REASONING: {"like": PLAIN}}, f"{REASONING}: this is the id of a model, and cannot be like another"),
        ({"": {"like": PLAIN}}, ": expected a name or a glob of 1 to 256 characters, got ''"),
        (
            {f"{n}*": {"like": PLAIN} for n in range(101)},
            "0*: this would make 101 names that are like a model; there can be 100",
        ),
    ],
)
def test_a_wrong_name_is_told(models: dict[Any, Any], mistake: str) -> None:
    """The line has the name, the key, what was expected and what came."""
    with pytest.raises(ValueError) as caught:
        Catalog.load().with_models(models)
    assert str(caught.value) == f"models: {mistake}"


# ---------------------------------------------------------------------------------------------- in a scenario

STORY: dict[str, Any] = {
    "name": "other-names",
    "models": {"gpt-*": {"like": PLAIN}, "claude-*": {"like": REASONING}, REASONING: {"backends": 0}},
    "rules": [
        {"when": {"model": PLAIN}, "reply": {"text": "by id"}},
        {"when": {"model": "gpt-4o"}, "reply": {"text": "by name"}},
    ],
}


def test_a_scenario_answers_to_names() -> None:
    """Conditions compare the name that was asked; backends are those of the model that answers to it."""
    with Emulator() as emulator, emulator.session("names", scenario=STORY) as akash:
        with openai.OpenAI(base_url=akash.openai_base_url, api_key=akash.key, max_retries=0) as client:
            said = client.chat.completions.create(model="gpt-4o", messages=QUESTION)
            assert (said.model, said.choices[0].message.content) == ("gpt-4o", "by name")
            streamed: Any = client.chat.completions.create(model="gpt-4o", messages=QUESTION, stream=True)
            assert {chunk.model for chunk in streamed} == {"gpt-4o"}
        with anthropic.Anthropic(base_url=akash.anthropic_base_url, api_key=akash.key, max_retries=0) as claude:
            with pytest.raises(anthropic.APIStatusError) as busy:
                claude.messages.create(model="claude-sonnet-5[1m]", max_tokens=9, messages=QUESTION)
            assert busy.value.status_code == 529
            assert claude.messages.count_tokens(model="claude-sonnet-5", messages=QUESTION).input_tokens > 0
        assert [each.catalogue_model for each in akash.inferences] == [PLAIN, PLAIN, REASONING]


def test_an_answer_is_that_of_the_scenario_that_plays() -> None:
    """The same request gets the answer of another model where a scenario gives the name to another."""
    engine = make_engine(any_model=REASONING)
    engine.library.add(
        load_text(f"{{name: again, models: {{'gpt-*': {{like: {PLAIN}}}}}}}", "again", catalog=engine.catalog)
    )
    app, told = create_app(engine), []
    for scenario in (None, "again", None):
        activate(engine, scenario)
        message = ask(app, "POST", CHAT, chat(model="gpt-4o")).json["choices"][0]["message"]
        told.append("reasoning_content" in message)
    assert told == [True, False, True]
