"""A few cases of every fuzzed input in each run of the tests; `make fuzz` tries many more."""

import random

import pytest
from fuzz import sockets
from fuzz.targets import TARGETS
from support.served import served

CASES = 25


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_breaks_a_promise(name: str) -> None:
    """Whatever comes is answered without a 5xx, soon and as JSON, and afterwards all that is kept can be read."""
    chance = random.Random(name)  # noqa: S311 (repeatable on purpose)
    for _ in range(CASES):
        TARGETS[name](chance.randbytes(150))


def test_no_request_over_a_socket_breaks_a_promise() -> None:
    """Whatever bytes come over a connection, an answer comes that is no 5xx."""
    with served("--log-level", "error") as server:
        for number in range(100):
            raw = sockets.request(number, seed=1)
            answer = sockets.ask(server.port, raw)
            assert answer.status in range(200, 500) or b"x-emulator-" in raw.lower(), (answer, raw[:1_000])
        ended = server.stop()
    assert ended.code == 0
    assert "Traceback" not in ended.stderr
