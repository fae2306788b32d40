"""Sampling parameters that a model's listing lacks: without effect, told of, or refused, as the server is set."""

from typing import Any

import pytest
from support.asgi import CHAT, COMPLETIONS, MESSAGES, PLAIN, ask, error_of, post
from support.parameters import CANNED, PATHS, TOLD, answer, app_of, body_of

from emulator.core.catalog import SAMPLING

LITTLE: dict[str, Any] = {"models": {PLAIN: {"supported_sampling_parameters": ["temperature", "stop"]}}}
"""A model that lists two parameters."""
SET: dict[str, Any] = {
    "temperature": 0.5,
    "top_p": 0.3,
    "top_k": 1,
    "min_p": 0.5,
    "frequency_penalty": 1,
    "presence_penalty": 1,
    "repetition_penalty": 1.5,
    "stop": [" the"],
    "seed": 5,
}
UNLISTED = [name for name in SET if name not in ("temperature", "stop")]
EVERYWHERE = pytest.mark.parametrize("path", PATHS)
KINDS = pytest.mark.parametrize("canned", [None, TOLD], ids=["generated", "canned"])


def test_every_parameter_that_listings_name_is_looked_at() -> None:
    """The table of this file has all of them, and shipped models list all of them."""
    assert list(SET) == SAMPLING.split()


@pytest.mark.parametrize("path", [CHAT, COMPLETIONS])
@pytest.mark.parametrize("mode", ["ignore", "warn"])
@pytest.mark.parametrize("name", UNLISTED)
def test_an_unlisted_parameter_has_no_effect(path: str, mode: str, name: str) -> None:
    """The answer is the one without it."""
    body = body_of(path, max_tokens=150, ignore_eos=True)
    plain = answer(path, body, **LITTLE)
    assert answer(path, body | {name: SET[name]}, unsupported_sampling=mode, **LITTLE).choices == plain.choices
    assert answer(path, body | {name: SET[name]}).choices != plain.choices


@pytest.mark.parametrize("path", [CHAT, COMPLETIONS])
@pytest.mark.parametrize("mode", ["ignore", "warn", "reject"])
@pytest.mark.parametrize("name", ["temperature", "stop"])
def test_a_listed_parameter_has_its_effect(path: str, mode: str, name: str) -> None:
    """Whatever the setting, and without a word about it."""
    body = body_of(path) | {name: SET[name]}
    listed = answer(path, body, unsupported_sampling=mode, **LITTLE)
    assert listed.choices == answer(path, body).choices != answer(path, body_of(path)).choices


@EVERYWHERE
@KINDS
@pytest.mark.parametrize("stream", [False, True])
def test_a_warning_names_what_has_no_effect(path: str, canned: Any, stream: bool) -> None:
    """In a header of the answer, whole or streamed; there is none where nothing is to be told."""
    body = body_of(path, stream=stream, temperature=0.5, top_k=2, top_p=0.5)
    warned = ask(app_of(canned, unsupported_sampling="warn", **LITTLE), "POST", path, body)
    assert warned.status == 200
    expected = f"top_p, top_k: not among the supported_sampling_parameters of {PLAIN}"
    assert warned.headers["x-emulator-warning"] == expected
    for silent in ({"unsupported_sampling": "ignore", **LITTLE}, {"unsupported_sampling": "warn"}):
        assert "x-emulator-warning" not in ask(app_of(canned, **silent), "POST", path, body).headers


@EVERYWHERE
@KINDS
@pytest.mark.parametrize("stream", [False, True])
def test_a_strict_server_refuses_it(path: str, canned: Any, stream: bool) -> None:
    """With a 400 that names the parameter and the model, before anything is streamed."""
    app = app_of(canned, unsupported_sampling="reject", **LITTLE)
    refused = ask(app, "POST", path, body_of(path, stream=stream, top_k=2))
    assert refused.status == 400
    error = error_of(refused)
    assert error["message"].endswith(f"top_k: not among the supported_sampling_parameters of {PLAIN}")
    assert path == MESSAGES or error["param"] == "top_k"
    assert ask(app, "POST", path, body_of(path, stream=stream)).status == 200


@pytest.mark.parametrize("mode", ["ignore", "warn", "reject"])
@pytest.mark.parametrize("given", [{"top_p": 1}, {"top_k": 0}, {"seed": None}, {"frequency_penalty": 0}], ids=repr)
def test_a_default_is_not_asked_for(mode: str, given: dict[str, Any]) -> None:
    """Some clients send every parameter; one that would change nothing is no reason to warn."""
    exchange = post(CHAT, body_of(CHAT, **given), unsupported_sampling=mode, **LITTLE)
    assert (exchange.status, "x-emulator-warning" in exchange.headers) == (200, False)


@pytest.mark.parametrize("given", [{"logit_bias": {"2000": -100}}, {"min_tokens": 5}, {"stop_token_ids": [2000]}])
def test_what_no_listing_names_is_not_missing_from_one(given: dict[str, Any]) -> None:
    """Parameters outside of that vocabulary are never judged by it."""
    assert post(CHAT, body_of(CHAT, **given), unsupported_sampling="reject", **LITTLE).status == 200


def test_a_canned_text_is_not_stopped_by_what_the_model_lacks() -> None:
    """The rule is the model's, not the generator's."""
    without_stop: dict[str, Any] = {"models": {PLAIN: {"supported_sampling_parameters": []}}}
    assert answer(CHAT, body_of(CHAT, stop=[" the"]), TOLD, **without_stop).texts == [CANNED]
