"""instructor's ways of asking for a pydantic model: by tools, by a response format, and by a schema in a message."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import anthropic
import openai
import pytest

from emulator import Emulator

instructor = pytest.importorskip("instructor", reason="needs instructor: pip install instructor")
pytest.importorskip("email_validator", reason="needs email-validator: pip install 'pydantic[email]'")

KEY = "akml-0123456789abcdef"
MODEL = "meta-llama/Llama-3.3-70B-Instruct"
TEXT = "Extract what this says: Ada Lovelace, 36, of London ordered 3 lamps on 2024-05-01."
WAYS = (
    *(("openai", mode) for mode in ("TOOLS", "JSON", "MD_JSON", "JSON_SCHEMA")),
    *(("anthropic", mode) for mode in ("TOOLS", "JSON")),
)
"""A client and a mode of instructor."""
NAMED = ("Customer", "Order", "Ticket", "Invoice", "Recipe", "Movie")
"""Models whose names tell what they are about."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Where one emulator listens for all tests."""
    with Emulator() as emulator:
        yield emulator.url


@pytest.fixture(scope="module")
def models() -> Sequence[Any]:
    """The models that are asked for."""
    from support.client_models import MODELS
    from support.pipeline_models import PIPELINES

    assert len(MODELS + PIPELINES) == 60
    return MODELS + PIPELINES


@contextmanager
def _client(url: str, kind: str, mode: str) -> Iterator[Any]:
    if kind == "anthropic":
        with anthropic.Anthropic(base_url=f"{url}/anthropic", auth_token=KEY, max_retries=0) as client:
            yield instructor.from_anthropic(client, mode=instructor.Mode[mode])
    else:
        with openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as other:
            yield instructor.from_openai(other, mode=instructor.Mode[mode])


@pytest.mark.parametrize(("kind", "mode"), WAYS)
def test_each_model_is_parsed_at_the_first_attempt(url: str, models: Sequence[Any], kind: str, mode: str) -> None:
    """What is answered is valid by the model's own validators, with no retry."""
    with _client(url, kind, mode) as client:
        for model in models:
            messages = [{"role": "user", "content": TEXT}]
            parsed = client.chat.completions.create(
                model=MODEL, messages=messages, response_model=model, max_retries=0, max_tokens=4_000
            )
            assert isinstance(parsed, model)


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_models_that_are_named_are_parsed_from_parallel_calls(url: str, models: Sequence[Any], kind: str) -> None:
    """The mode lets the model choose its calls, so the message names what it wants."""
    with _client(url, kind, "PARALLEL_TOOLS") as client:
        for model in [model for model in models if model.__name__ in NAMED]:
            messages = [{"role": "user", "content": f"{TEXT} Call {model.__name__}."}]
            parsed = client.chat.completions.create(
                model=MODEL, messages=messages, response_model=_several(model), max_retries=0, max_tokens=4_000
            )
            found = list(parsed)
            assert found
            assert all(isinstance(each, model) for each in found)


def _several(model: Any) -> Any:
    return Iterable[model]
