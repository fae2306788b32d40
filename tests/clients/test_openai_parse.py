"""openai-python's own `parse` reads what its schemas of pydantic models ask for."""

from typing import Any

import openai
import pytest
from openai.lib._parsing._completions import type_to_response_format_param

from emulator import Emulator

pytest.importorskip("email_validator", reason="needs email-validator: pip install 'pydantic[email]'")

INEXPRESSIBLE = 10
"""At most so many models have fields that the SDK cannot write as a strict schema, such as maps."""


def test_each_model_is_parsed() -> None:
    """As a response format, at the first attempt, for every model that the SDK can ask for."""
    from support.client_models import MODELS
    from support.pipeline_models import PIPELINES

    asked: list[Any] = []
    with (
        Emulator() as emulator,
        openai.OpenAI(base_url=f"{emulator.url}/v1", api_key="akml-0123456789abcdef", max_retries=0) as client,
    ):
        for model in MODELS + PIPELINES:
            try:
                type_to_response_format_param(model)
            except (TypeError, ValueError):
                continue
            asked.append(model)
            answer = client.chat.completions.parse(
                model="meta-llama/Llama-3.3-70B-Instruct",
                messages=[{"role": "user", "content": "Extract what this says: Ada Lovelace, 36, of London."}],
                response_format=model,
            )
            assert isinstance(answer.choices[0].message.parsed, model)
    assert len(asked) >= len(MODELS + PIPELINES) - INEXPRESSIBLE
