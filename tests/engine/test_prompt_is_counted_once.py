"""A prompt is counted once, however many ask for its size."""

import pytest
from support.asgi import CHAT, activate, ask, chat, make_engine

from emulator.core import prompt_sizes
from emulator.core.vocabulary import InferenceRequest
from emulator.web.app import create_app

LIMITED = "account: {credits: 5 USD, keys: {default: {requests_per_minute: 9, tokens_per_minute: 9000}}}\n"


@pytest.mark.parametrize("rules", ["", "rules: [{reply: {text: Hello}}]"])
def test_a_limited_request_is_counted_once(rules: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account, the check of the context length and the usage share one count."""
    counted: list[InferenceRequest] = []
    count = prompt_sizes.prompt_tokens

    def counting(request: InferenceRequest) -> int:
        counted.append(request)
        return count(request)

    monkeypatch.setattr(prompt_sizes, "prompt_tokens", counting)
    engine = make_engine()
    engine.library.put("limited", LIMITED + rules)
    activate(engine, "limited")
    assert ask(create_app(engine), "POST", CHAT, chat()).status == 200
    assert len(counted) == 1
