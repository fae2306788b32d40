"""Figures of the benchmarks: which answers count, and which void what was measured."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("the benchmarks read /proc", allow_module_level=True)

from speed.answers import Answer, Request, chat
from speed.load import CONNECTIONS, Contestant, Void, compare, examine
from speed.paced import timing
from speed.rows import line, streamed_text, whole_text
from speed.servers import Server, bare, free_port, running

WHOLE = json.dumps({"choices": [{"message": {"content": "Aye."}}]})
WORDS = ["Aye", " aye", " sir", "."]
STREAM = "".join(
    f"data: {json.dumps({'choices': [{'delta': delta}]})}\n\n"
    for delta in ({"role": "assistant"}, *({"content": word} for word in WORDS), {})
)
GOOD = {"not_2xx": 0, "sockets": 0, "requests": 1_000, "bytes": 500_000}
needs_wrk = pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is not installed")


@contextmanager
def serving(folder: Path, body: str, rate: float = 0) -> Iterator[Server]:
    """A bare server of one body, which is sent as a stream if it has a rate."""
    file, port = folder / "answer.json", free_port()
    length = [] if rate else [["content-length", str(len(body))]]
    file.write_text(json.dumps({"headers": length, "body": body}))
    with running(bare(port, file, rate=rate), port) as server:
        yield server


def judged(server: Server, wrong: Callable[[Answer], str], request: Request) -> Contestant:
    """A contestant after a round, of whom the load is asked only if the answer before it is right."""
    contestant = Contestant("bare", server, request, wrong)
    compare([contestant], 1, 1)
    return contestant


def test_another_text_voids_the_figure(tmp_path: Path) -> None:
    """A server that answers with another text has no figure, and the table says what was wrong."""
    with serving(tmp_path, WHOLE) as server:
        contestant = judged(server, whole_text("No."), chat("akml-x"))
    assert contestant.rounds == []
    assert line(contestant, contestant)[1] == "void: another text was answered: 'Aye.'"


def test_another_number_of_events_voids_the_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream with the right text in too few events has no figure."""
    monkeypatch.setattr("speed.rows.TEXT", "".join(WORDS))
    with serving(tmp_path, STREAM, rate=1_000) as server:
        contestant = judged(server, streamed_text(200), chat("akml-x", stream=True))
    assert contestant.void == "the text came in 4 events instead of 200"


def test_an_answer_that_is_none_voids_the_figure(tmp_path: Path) -> None:
    """A server whose answer has not the fields of one has no figure, and the run goes on."""
    with serving(tmp_path, "{}") as server:
        assert judged(server, whole_text("Aye."), chat("akml-x")).void == "KeyError: 'choices'"


@needs_wrk
def test_right_answers_have_a_figure(tmp_path: Path) -> None:
    """Of right answers the figure has a rate and a cost, and each request its own number."""
    with serving(tmp_path, WHOLE) as server:
        contestant = judged(server, whole_text("Aye."), chat("akml-x"))
    assert contestant.void == ""
    assert contestant.rate > 0
    assert contestant.processor > 0


@pytest.mark.parametrize(
    "seen", [{"not_2xx": 1}, {"sockets": 1}, {"requests": 0}, {"bytes": 400_000}, {"bytes": 600_000}]
)
def test_what_wrk_saw_voids_the_figure(seen: dict[str, float]) -> None:
    """An answer that is no 2xx, a failed connection, and other bytes than those of right answers void the round."""
    with pytest.raises(Void):
        examine({**GOOD, **seen}, size=500, spread=0.01)


def test_answers_that_were_begun_are_no_error() -> None:
    """When the round ends, each connection may have read a part of one more answer."""
    examine({**GOOD, "bytes": 500_000 + CONNECTIONS * 500}, size=500, spread=0.01)


def test_each_question_is_new() -> None:
    """Two numbers give two questions of the same length, and two runs ask others."""
    request = chat("akml-x--@@@KEY@@@@")
    first, second = request.numbered(1, key=1), request.numbered(2, key=2)
    assert first != second
    assert len(first) == len(second) == len(request.template)
    assert chat("akml-x").numbered(1) != chat("akml-x").numbered(1)


def test_a_pace_that_is_kept_has_small_errors(tmp_path: Path) -> None:
    """The events of all streams are counted, and are about as late as the server sends them."""
    with serving(tmp_path, STREAM, rate=20) as server:
        measured = timing(server.port, chat("akml-x", stream=True), count=3, events=len(WORDS), rate=20, number=0)
    assert 0 < measured.error_median <= measured.error_p99
    assert measured.rate <= 3 * len(WORDS) / ((len(WORDS) - 1) / 20)


def test_a_stream_that_lacks_events_voids_its_pace(tmp_path: Path) -> None:
    """A stream that ends in order, but with fewer events than were scripted, has no figure."""
    with serving(tmp_path, STREAM, rate=1_000) as server, pytest.raises(Void, match="a stream has 6 events"):
        timing(server.port, chat("akml-x", stream=True), count=2, events=200, rate=1_000, number=0)
