"""A hint finds the word that was meant, whatever its case: models, scenarios, filters and paths."""

from collections.abc import Callable

import pytest
from support.asgi import CHAT, ask, chat, make_engine

from emulator.web.app import create_app

APP = create_app(make_engine())


def message(method: str, path: str, body: object = None) -> str:
    """The message of an error."""
    answer = ask(APP, method, path, body).json
    return str(answer.get("error", answer)["message"] if "error" in answer else answer)


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        (lambda: message("POST", CHAT, chat(model="ZAI-ORG/GLM-5.4")), "zai-org/GLM-5.3"),
        (lambda: message("GET", "/_emulator/scenarios/HELLOO"), "hello"),
        (lambda: message("POST", "/_emulator/activate", {"scenario": "HELLOO"}), "hello"),
        (lambda: message("GET", "/_emulator/inferences?ENDPOINTT=chat"), "endpoint"),
        (lambda: message("GET", "/V1/MODELZ"), "/v1/models"),
    ],
    ids=["model", "scenario", "activate", "filter", "path"],
)
def test_a_hint_ignores_the_case(asked: Callable[[], str], meant: str) -> None:
    """What was written in capitals is as near as in small letters."""
    assert meant in asked().split("id you mean")[-1]
