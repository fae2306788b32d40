"""The emulator in a test: what it is told, what it shows, how it moves in time, and that nothing is left of it."""

import asyncio
import sys
import threading
import unittest
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import anthropic
import httpx
import httpx2
import openai
import pytest

from emulator import Emulator
from emulator.core.clock import EPOCH
from emulator.scenario.reading.mistakes import ScenarioError
from emulator.testing import AkashMLMixin, EmulatorInterface, InProcess, emulated, environment

MODEL = "zai-org/GLM-5.3"
HTTP = httpx.Client(limits=httpx.Limits(max_keepalive_connections=0))
FILES = Path("/proc/self/fd")
YAML = (
    "rules:\n  - {name: sunny, when: {last_user: {contains: weather}}, reply: {text: It is sunny.}}\nunscripted: fail\n"
)
OBJECTS: dict[str, Any] = {
    "rules": [{"name": "sunny", "when": {"last_user": {"contains": "weather"}}, "reply": {"text": "It is sunny."}}],
    "unscripted": "fail",
}


def body(text: str = "How is the weather?", **more: Any) -> dict[str, Any]:
    return {"model": MODEL, "messages": [{"role": "user", "content": text}], **more}


def post(akash: EmulatorInterface, text: str = "How is the weather?", **more: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {akash.key}"}
    return HTTP.post(f"{akash.openai_base_url}/chat/completions", json=body(text, **more), headers=headers)


def said(akash: EmulatorInterface, text: str = "How is the weather?") -> str:
    answer = post(akash, text)
    return str(answer.json()["choices"][0]["message"]["content"]) if answer.is_success else str(answer.status_code)


# ---------------------------------------------------------------------------------------------- what it is told


def test_a_scenario_in_every_form(tmp_path: Path) -> None:
    """A name, a file as a path and as a text, YAML, a mapping, and a list of rules are played alike."""
    file = tmp_path / "weather.yaml"
    file.write_text(YAML, encoding="utf-8")
    forms = [file, str(file), YAML, OBJECTS, OBJECTS["rules"], "rules: [{name: sunny, reply: {text: It is sunny.}}]"]
    with Emulator() as akash:
        for form in forms:
            akash.scenario(form)
            with akash.session("one", scenario=form) as session:
                assert (said(akash), said(session)) == ("It is sunny.", "It is sunny.")
                assert [each.rule for each in session.inferences] == ["sunny"]
        akash.scenario("insufficient-credits")
        assert said(akash) == "402"
        akash.scenario(None)
        assert said(akash) not in ("It is sunny.", "402")


def test_mistakes_are_told_at_once() -> None:
    """A scenario or an account with mistakes, and a name that is none, are errors where they are said."""
    with pytest.raises(ScenarioError, match="did you mean"):
        Emulator(scenario={"ruels": []})
    with pytest.raises(ScenarioError, match="cannot be read"):
        Emulator(scenario="nowhere.yaml")
    with pytest.raises(ScenarioError, match="credits"):
        Emulator(account={"credits": "plenty"})
    with pytest.raises(ScenarioError, match="frozen, running"):
        Emulator(clock="sleepy")
    with pytest.raises(LookupError, match="Did you mean 'rate-limited'"):
        Emulator(scenario="rate-limitd")
    with pytest.raises(TypeError, match='unknown setting "colour"'):
        Emulator(colour="red")


@pytest.mark.parametrize("scenario", [None, OBJECTS, {**OBJECTS, "account": {"credits": "5 USD"}}])
def test_the_account_goes_before_what_a_scenario_says(scenario: dict[str, Any] | None) -> None:
    """Whatever plays, what the test says of the account holds: on the server, in a session, and after a reset."""
    poor = {"credits": "0.00 USD"}
    with Emulator(scenario=scenario, account=poor) as akash, Emulator() as other:
        session = other.session("poor", scenario=scenario, account=poor)
        for each in (akash, session):
            assert said(each) == "402"
            each.reset()
            assert said(each) == "402"
        assert said(other) != "402"


def test_models_settings_and_keys() -> None:
    """Models and settings are the server's; with strict keys, `key` is the first of them."""
    with Emulator(models={MODEL: {"max_output_length": 7}}, auth="strict", keys=("akml-mine",), max_n=1) as akash:
        assert post(akash).json()["usage"]["completion_tokens"] == 7
        assert akash.key == "akml-mine"
        assert post(akash, n=2).status_code == 400


def test_a_server_starts_again() -> None:
    """What ended can begin anew; between, its clock cannot be advanced, and says so."""
    emulator = Emulator(clock="frozen")
    for _ in range(2):
        with emulator as akash:
            akash.clock.advance(1)
            assert post(akash).is_success
        with pytest.raises(RuntimeError, match="not running"):
            emulator.clock.advance(1)
    emulator.clock.set(5)
    assert (emulator.clock.now(), len(emulator.inferences)) == (5, 2)


# ---------------------------------------------------------------------------------------------- the environment


def test_the_sdks_find_it_by_the_environment() -> None:
    """Nothing but the environment tells the SDKs where to ask; afterwards it is as it was."""
    before = {"OPENAI_API_KEY": "a real one"}
    with environment(before), Emulator(scenario=OBJECTS) as akash:
        with environment(akash.env()):
            with openai.OpenAI(max_retries=0) as client:
                chat = client.chat.completions.create(**body())
            with anthropic.Anthropic(max_retries=0) as messages:
                message = messages.messages.create(max_tokens=50, **body())
        assert chat.choices[0].message.content == message.content[0].text == "It is sunny."
        with openai.OpenAI() as client:
            assert client.api_key == "a real one"
    assert {each.key for each in akash.inferences} == {"akml-test"}


# ---------------------------------------------------------------------------------------------- namespaces


def test_sessions_see_nothing_of_each_other() -> None:
    """Scenario, turns, account and record are each session's own, also when all ask at the same time."""
    with Emulator(scenario=OBJECTS) as akash:

        def live(number: int) -> None:
            replies = [{"text": f"{number}.{turn}"} for turn in range(3)]
            with akash.session(f"test {number}", scenario={"rules": [{"replies": replies}]}) as session:
                assert [said(session) for _ in range(3)] == [f"{number}.{turn}" for turn in range(3)]
                assert len(session.inferences) == 3
                session.reset()
                assert (session.inferences, said(session)) == ([], f"{number}.0")

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(live, range(40)))
        assert said(akash) == "It is sunny."
        assert not [name for name in akash.engine.library.names() if "--" in name]


def test_a_session_begins_anew_under_its_name() -> None:
    """The same name is the same key and the same answers, ids and all, whatever happened before."""
    with Emulator() as akash:
        answers = []
        for _ in range(2):
            session = akash.session("again")
            answers.append([post(session).json()["id"] for _ in range(2)])
            akash.session("other")
        assert answers[0] == answers[1]
        assert answers[0][0] != answers[0][1]


def test_a_session_does_not_set_everybodys_clock() -> None:
    """A scenario with a clock is refused with what to do, and plays on a server of its own."""
    timed = {**OBJECTS, "clock": {"start": "2030-01-01", "mode": "frozen"}}
    with Emulator() as akash:
        assert akash._sets_the_clock(timed)
        with pytest.raises(ValueError, match="an Emulator of its own"):
            akash.session("timed", scenario=timed)
    assert int(Emulator(scenario=timed).clock.now()) == datetime(2030, 1, 1, tzinfo=UTC).timestamp()
    assert Emulator(scenario=timed, clock="frozen").clock.now() == EPOCH


# ---------------------------------------------------------------------------------------------- the clock


def test_the_clock_is_moved_from_the_tests_thread() -> None:
    """While a stream stands still, the test moves the time, and what falls due comes."""
    with Emulator(scenario="stall-mid-stream", clock="frozen") as akash, openai.OpenAI(**client_of(akash)) as client:
        stream = client.chat.completions.create(**body(stream=True))
        begun, words = akash.clock.now(), []
        for chunk in stream:
            words.append(chunk.choices[0].delta.content if chunk.choices else None)
            if words[-1] == " jumps":
                akash.clock.advance(120)
        assert words[-2] is not None or words[-1] is None
        assert " over" in words
        assert akash.clock.now() == begun + 120


def test_the_clock_is_set_run_and_frozen() -> None:
    """It is what the test makes it, in Unix seconds or as a datetime; an impossible move says what was expected."""
    with Emulator(clock={"start": "2026-05-01"}) as akash:
        clock = akash.clock
        assert clock.rate == 1
        clock.freeze()
        clock.set(datetime(2027, 1, 1, tzinfo=UTC))
        assert clock.now() == datetime(2027, 1, 1, tzinfo=UTC).timestamp()
        clock.advance(2.5)
        assert clock.now() % 60 == 2.5
        clock.run(60)
        assert clock.rate == 60
        with pytest.raises(ValueError, match="expected 0"):
            clock.advance(-1)


def client_of(akash: EmulatorInterface) -> dict[str, Any]:
    return {"base_url": akash.openai_base_url, "api_key": akash.key, "max_retries": 0}


# ---------------------------------------------------------------------------------------------- verifying


def test_the_verdict_on_a_client() -> None:
    """One that asks the same again after a 402 has sinned in that, under its own key and no other."""
    with Emulator(scenario="insufficient-credits", clock="x1000") as akash:
        session = akash.session("patient")
        for _ in range(2):
            said(akash)
        said(session)
        assert (akash.verdict().finding_names, session.verdict().finding_names) == (("retried-hopeless",), ())


def test_verify_tells_the_story() -> None:
    """An unmet expectation and a request without a rule are told, with the nearest rule and all that was said."""
    expecting = {**OBJECTS, "expect": [{"rule": "sunny", "times": 2}]}
    with Emulator() as akash:
        session = akash.session("story", scenario=expecting)
        assert (said(session), said(session, "And how warm is it?")) == ("It is sunny.", "404")
        with pytest.raises(AssertionError) as failure:
            session.verify()
        story = str(failure.value)
        assert "Not as the scenario 'inline' would have it:" in story
        assert "the rule 'sunny' was to answer 2 times; it answered once" in story
        assert "request #2: No rule of the scenario 'inline' matches this request. The nearest: sunny" in story
        assert f'chat {MODEL}: "How is the weather?"\n     200 by inline/sunny: "It is sunny."' in story
        assert f'chat {MODEL}: "And how warm is it?"\n     404' in story
        with pytest.raises(AssertionError, match="request #2: No rule"):
            akash.verify()  # what came to a session came to the server


def test_verify_is_silent_where_all_is_well() -> None:
    """Met expectations, a scripted 404, and what the generator says for want of a rule are no failures."""
    gone = {"rules": [{"name": "gone", "reply": {"error": "not_found"}}], "expect": [{"rule": "gone"}]}
    with Emulator(scenario=gone) as akash:
        assert said(akash) == "404"
        akash.verify()
        akash.scenario("hello")
        assert said(akash, "Tell me something else.") != "404"
        akash.verify()
        assert "What was asked and answered:" in akash.report()


def test_the_story_tells_what_was_asked_and_answered() -> None:
    """A line has the last that was asked and the text of the first choice; what cannot be read is no mistake."""
    odd = {"status": 200, "headers": {"content-type": "application/json"}, "body": '{"content":"\\ud800","text":"x\\'}
    rules: list[dict[str, Any]] = [
        {"when": {"last_user": "both"}, "reply": {"choices": [{"text": "One two."}, {"text": "Three four."}]}},
        {"when": {"last_user": "odd"}, "reply": {"raw": odd}},
        {"reply": {"text": "Once."}},
    ]
    with Emulator(scenario=rules) as akash:
        post(akash, "both", n=2, stream=True)
        post(akash, "odd")
        headers = {"authorization": f"Bearer {akash.key}"}
        for path, asked in (
            ("completions", b'{"model": "%b", "prompt": ["First", "Last"]}' % MODEL.encode()),
            ("chat/completions", b'{"messages": 3}'),
            ("chat/completions", b'{"mess'),
        ):
            HTTP.post(f"{akash.openai_base_url}/{path}", content=asked, headers=headers)
        lines = [line.partition(": ")[2] for line in akash.report().splitlines()[1:]]
    assert lines[::2] == ['"both"', '"odd"', '"Last"', '"{"messages": 3}"', '"{"mess"']
    assert lines[1:6:2] == ['"One two."', "completed", '"Once."']


# ---------------------------------------------------------------------------------------------- in process


def in_process(ask: Callable[[InProcess], Any], **more: Any) -> Any:
    """What a coroutine function returns that has an emulator in its own loop; no task outlives it."""

    async def main() -> Any:
        with Emulator.in_process(**more) as akash:
            result = await ask(akash)
        for _ in range(5):  # in which what was told to end does
            await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return result

    return asyncio.run(main())


def test_httpx_asks_in_process() -> None:
    """`client()` has the address and the key; the app is one for httpx.ASGITransport as well."""

    async def ask(akash: InProcess) -> list[int]:
        async with akash.client() as http, httpx.AsyncClient(transport=httpx.ASGITransport(akash)) as plain:
            headers = {"authorization": f"Bearer {akash.key}"}
            answers = [
                await http.post("/v1/chat/completions", json=body()),
                await http.get("/v1/models"),
                await plain.post(f"{akash.openai_base_url}/chat/completions", json=body(), headers=headers),
            ]
        return [answer.status_code for answer in answers]

    assert in_process(ask) == [200, 200, 200]


def test_the_sdks_ask_in_process() -> None:
    """Both SDKs take the client as theirs, whole and streamed, and everything is in the record."""

    async def ask(akash: InProcess) -> list[Any]:
        async with openai.AsyncOpenAI(**client_of(akash), http_client=akash.client()) as client:
            whole = await client.chat.completions.create(**body())
            stream = await client.chat.completions.create(**body(stream=True))
            parts = [chunk.choices[0].delta.content async for chunk in stream if chunk.choices]
        async with anthropic.AsyncAnthropic(
            base_url=akash.anthropic_base_url, api_key=akash.key, http_client=akash.client()
        ) as messages:
            message = await messages.messages.create(max_tokens=50, **body())
        assert len(akash.inferences) == 3
        return [whole.choices[0].message.content, "".join(filter(None, parts)), message.content[0].text]

    assert in_process(ask, scenario=OBJECTS) == ["It is sunny."] * 3


@pytest.mark.parametrize("library", [httpx, httpx2], ids=lambda library: library.__name__)
@pytest.mark.parametrize(
    ("scenario", "raised"),
    [
        ("no-response", "RemoteProtocolError"),
        ("truncated-stream", "RemoteProtocolError"),
        ("reset-mid-stream", "ReadError"),
    ],
)
def test_a_hang_up_in_process_is_what_a_socket_would_tell(scenario: str, raised: str, library: ModuleType) -> None:
    """A client of either library raises what it raises for a real connection that ends so."""

    async def ask(akash: InProcess) -> None:
        async with akash.client(library) as http:
            await http.post("/v1/chat/completions", json=body(stream=True))

    with pytest.raises(getattr(library, raised)):
        in_process(ask, scenario=scenario)


@pytest.mark.parametrize(("missing", "used"), [([], "httpx2"), (["httpx2"], "httpx"), (["httpx"], "httpx2")])
def test_the_library_of_a_client_in_process(monkeypatch: pytest.MonkeyPatch, missing: list[str], used: str) -> None:
    """It is the newest that is installed; one of them is enough."""
    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)  # which is how Python notes that an import fails

    async def ask(akash: InProcess) -> tuple[str, int]:
        async with akash.client() as http:
            return type(http).__module__.partition(".")[0], (await http.get("/v1/models")).status_code

    assert in_process(ask) == (used, 200)


def test_a_client_in_process_needs_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one it is told what to install."""
    for name in ("httpx", "httpx2"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match="pip install httpx2"):
        Emulator.in_process().client()


def test_in_process_the_time_is_moved() -> None:
    """Each part of a stream comes when it is due, and what the client does not read any more is ended."""

    async def ask(akash: InProcess) -> list[bool]:
        heard = []
        async with (
            akash.client() as http,
            http.stream("POST", "/v1/chat/completions", json=body(stream=True)) as got,
            aclosing(got.aiter_bytes()) as parts,
        ):
            async for part in parts:
                heard.append(b'" over"' in part)
                if b'" jumps"' in part:
                    await akash.clock.advance(120)
                if heard[-1]:
                    break
        assert akash.inferences[0].started == EPOCH
        return heard

    heard = in_process(ask, scenario="stall-mid-stream", clock="frozen")
    assert (heard[0], heard[-1]) == (False, True)


def test_in_process_timeouts_are_in_emulated_time() -> None:
    """A client that waits ten seconds at most gives up after ten seconds of the emulator's clock."""

    async def ask(akash: InProcess) -> float:
        async with akash.client(httpx, timeout=10) as http:
            asking = asyncio.create_task(http.post("/v1/chat/completions", json=body()))
            while not akash.inferences:  # noqa: ASYNC110 (nothing tells it)
                await asyncio.sleep(0)
            await akash.clock.advance(9.9)
            assert not asking.done()
            await akash.clock.advance(0.1)
            with pytest.raises(httpx.ReadTimeout, match="nothing came for 10 s"):
                await asking
        return akash.clock.now() - EPOCH

    slow = [{"reply": {"text": "At last.", "stream": {"first_token": "1m"}}}]
    assert in_process(ask, scenario=slow, clock="frozen") == pytest.approx(10)


# ---------------------------------------------------------------------------------------------- decorator and mix-in


def test_the_decorator_gives_a_running_emulator() -> None:
    """A function gets it as `akash`, with the environment set; what was not met fails it, async or not."""

    @emulated(scenario=OBJECTS)
    def good(word: str, akash: Emulator) -> str:
        with openai.OpenAI() as client:
            answer = client.chat.completions.create(**body(word)).choices[0].message.content
        return f"{answer} {len(akash.inferences)}"

    @emulated(scenario={**OBJECTS, "expect": [{"rule": "sunny"}]})
    async def bad(akash: Emulator) -> None:
        """It asks nothing."""

    assert good("How is the weather?") == "It is sunny. 1"
    with pytest.raises(AssertionError, match="the rule 'sunny' was to answer at least once"):
        asyncio.run(bad())


@emulated(scenario="hello")
def test_the_decorator_and_fixtures(tmp_path: Path, akash: Emulator) -> None:
    """A decorated test has its fixtures beside."""
    assert tmp_path.exists()
    assert post(akash).is_success


def test_the_mixin_makes_a_case_of_tests() -> None:
    """Tests of a case share a server and nothing else; one that does not meet its scenario fails."""

    class Weather(AkashMLMixin, unittest.TestCase):
        akashml = {"scenario": {**OBJECTS, "expect": [{"rule": "sunny", "times": 1}]}}  # noqa: RUF012 (as users write)

        def test_one(self) -> None:
            """Asks through the environment."""
            with openai.OpenAI() as client:
                self.assertEqual(client.chat.completions.create(**body()).choices[0].message.content, "It is sunny.")

        def test_two(self) -> None:
            """Asks as the session says."""
            self.assertEqual(said(self.akash), "It is sunny.")

        def test_lazy(self) -> None:
            """Asks nothing, and fails for that."""

    before = threading.active_count()
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Weather).run(result)
    assert (result.testsRun, result.errors, [case.id().rpartition(".")[2] for case, _ in result.failures]) == (
        3,
        [],
        ["test_lazy"],
    )
    assert "the rule 'sunny' was to answer once; it answered never" in result.failures[0][1]
    assert threading.active_count() == before


# ---------------------------------------------------------------------------------------------- nothing is left


@pytest.mark.skipif(not FILES.exists(), reason="open files are counted in /proc")
def test_nothing_is_left_of_a_server() -> None:
    """No thread and no open file outlive the block, whatever clients leave open: a stream, and an idle connection."""

    def once() -> None:
        with Emulator(scenario="stall-mid-stream", clock="frozen") as akash, httpx.Client() as http:
            headers = {"authorization": f"Bearer {akash.key}"}
            url = f"{akash.openai_base_url}/chat/completions"
            with http.stream("POST", url, json=body(stream=True), headers=headers) as stream:
                next(stream.iter_bytes())

    once()  # what is opened once in a process
    before = threading.active_count(), sum(1 for _ in FILES.iterdir())
    for _ in range(5):
        once()
    assert (threading.active_count(), sum(1 for _ in FILES.iterdir())) == before
