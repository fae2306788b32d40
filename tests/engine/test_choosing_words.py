"""Words for keys and headers that name no documented error."""

import pytest
from support.asgi import CHAT, ask, chat, make_engine

from emulator.web.app import create_app


@pytest.mark.parametrize("status", ["200", "302", "418", "999"])
def test_the_header_that_a_warning_suggests_works(status: str) -> None:
    """The header in the warning for a key such as akml-200 is one that sends an error."""
    app = create_app(make_engine())
    warning = ask(app, "POST", CHAT, chat(), key=f"akml-{status}").headers["x-emulator-warning"]
    suggested = warning.partition("X-Emulator-Error: ")[2].partition(" ")[0]
    answer = ask(app, "POST", CHAT, chat(), headers={"x-emulator-error": suggested})
    assert answer.status == int(suggested)


@pytest.mark.parametrize(("given", "end"), [("rate-limited", "did you mean rate_limited?"), ("42", "overloaded.")])
def test_a_refused_header_is_one_sentence_with_one_stop(given: str, end: str) -> None:
    """A message about the header X-Emulator-Error ends in one mark, whether it is a question or not."""
    answer = ask(create_app(make_engine()), "POST", CHAT, chat(), headers={"x-emulator-error": given})
    assert (answer.status, answer.json["error"]["message"].endswith(end)) == (400, True)
