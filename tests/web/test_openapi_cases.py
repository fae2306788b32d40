"""Requests that Schemathesis makes of the OpenAPI document: every answer to them is one that the document describes."""

import json
import re
from typing import Any, TypeAlias, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import positive_data_acceptance
from starlette.types import ASGIApp
from support.asgi import KEY, SAMPLES, ask, make_engine

from emulator.web.app import create_app

Case: TypeAlias = schemathesis.Case[Any]
BASE = "http://127.0.0.1:8402"
SCHEMA = schemathesis.openapi.from_asgi(
    "/_emulator/openapi.json", create_app(make_engine()), headers={"Host": "127.0.0.1"}
)
SCHEMA.config.generation.with_security_parameters = False  # the key is the test's own
SCENARIO = "/_emulator/scenarios/{name}"
BEARER = {"Authorization": f"Bearer {KEY}"}
MODEL = "Qwen/Qwen3.8-27B"
UNSAID = {
    *("tool_choice", "function_call", "stream_options", "top_logprobs", "best_of", "min_tokens"),
    *("logit_bias", "output_config", "thinking", "structured_outputs", "max_completion_tokens"),
}
"""Fields that are wrong without another field or beside it, whose keys have limits, that have a schema in them,
or that have to fit the context."""
bounded = settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],
)


@pytest.fixture
def app() -> ASGIApp:
    """An app that knows a managed key, an account and an inference."""
    made = create_app(make_engine())
    path, body = next(iter(SAMPLES.items()))
    ask(made, "POST", path, body)
    ask(made, "POST", "/_emulator/keys", {"name": "first"})
    ask(made, "PUT", "/_emulator/account", {"key": "akml-local--paid", "credits": 5})
    return made


@SCHEMA.exclude(method="PUT", path=SCENARIO).parametrize()
@bounded
def test_every_answer_is_described(case: Case, app: ASGIApp) -> None:
    """No request gets a 500, an undocumented status, type, header or shape; what a schema forbids is refused."""
    if "follow" in case.query:  # the answer may never end
        return
    for name in [name for name in case.headers if name.startswith("x-emulator-")]:
        del case.headers[name]
    case.call_and_validate(BASE, headers=BEARER, app=app, excluded_checks=[positive_data_acceptance])


@pytest.mark.parametrize("mode", GenerationMode)
def test_a_scenario_is_played_or_refused(mode: GenerationMode, app: ASGIApp) -> None:
    """A body that is as the schema of scenarios says, or is not: a summary or a 400 with its mistakes, as described."""

    @settings(bounded, max_examples=10)
    @given(SCHEMA[SCENARIO]["PUT"].as_strategy(mode))
    def put(case: Case) -> None:
        case.call_and_validate(BASE, headers=BEARER, app=app, excluded_checks=[positive_data_acceptance])

    put()


@pytest.mark.parametrize("path", SAMPLES)
def test_what_the_schema_allows_is_answered(path: str, app: ASGIApp) -> None:
    """A request within all limits has a 200, whole or streamed, unless fields contradict each other."""

    @bounded
    @given(SCHEMA[path]["POST"].as_strategy())
    def answered(case: Case) -> None:
        body = {name: value for name, value in cast(dict[str, Any], case.body).items() if name not in UNSAID}
        if body.get("temperature") == 0:  # greedy sampling has one choice
            body.pop("n", None)
        case.headers.clear()
        case.body = body | {"model": MODEL, "max_tokens": 5} | ({} if alone(body) else dict(SAMPLES[path]))
        response = case.call(BASE, headers=BEARER, app=app)
        assert response.status_code == 200, (case.body, response.text)
        case.validate_response(response)

    answered()


def alone(body: Any) -> bool:
    """Whether no message is about a call, which another message makes or answers, or has what no model reads."""
    words = "tool|tool_calls|tool_use|tool_result|input_audio|video_url|file|document"
    return not re.search(f'"({words})"', json.dumps(body.get("messages")))
