"""Keys that look like a status without being a documented one."""

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
