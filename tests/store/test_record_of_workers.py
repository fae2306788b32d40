"""Two workers, one record: what one plays is listed, followed and asked again at the other."""

import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPResponse
from threading import Event
from typing import Any

import pytest
from support.asgi import CHAT, chat
from support.redis_server import needs_redis, redis_server
from support.served import PATIENCE, Served
from support.workers import SLOW, Worker, two_workers

from emulator.core.clock import patience

pytestmark = pytest.mark.usefixtures("redis")
SECRET = "akml-0123456789abcdef0123456789abcdef"
LIVE = "/_emulator/inferences?follow=live"


@pytest.fixture
def redis() -> None:
    """Skip the test where there is no Redis."""
    needs_redis()


@contextmanager
def another(server: Served, process: int) -> Iterator[Worker]:
    """One more connection to the worker of this process."""
    with ExitStack() as stack:
        while True:
            worker = Worker(server.port)
            stack.callback(worker.connection.close)
            if worker.process == process:
                yield worker
                return


class Events:
    """The events of a connection that follows."""

    def __init__(self, worker: Worker) -> None:
        worker.connection.request("GET", LIVE)
        self._answer: HTTPResponse = worker.connection.getresponse()
        assert self._answer.status == 200

    def next(self) -> tuple[str, Any]:
        """The next event and its data."""
        fields: dict[str, str] = {}
        while "data" not in fields:
            line = self._answer.readline().decode()
            assert line, "the stream has ended"
            name, _, value = line.rstrip("\n").partition(": ")
            fields[name] = value
        return fields["event"], json.loads(fields["data"])

    def until(self, kind: str) -> Any:
        """The data of the next event of this kind."""
        while True:
            found, data = self.next()
            if found == kind:
                return data


def listed(worker: Worker) -> list[dict[str, Any]]:
    """All that a worker lists."""
    found: list[dict[str, Any]] = worker.told("/_emulator/inferences?limit=1000")["inferences"]
    return found


def test_what_runs_anywhere_is_listed_everywhere() -> None:
    """With one number from its start to its end, by which any worker shows it; its end is known when it is asked."""
    with two_workers() as (server, first, second), ExitStack() as stack:
        first.do("PUT", "scenarios/slow", SLOW)
        first.do("POST", "activate", {"scenario": "slow"})
        for process in (first.process, second.process, first.process):
            stream = stack.enter_context(another(server, process))
            stream.stream()
        for _ in patience(PATIENCE):
            if len(lists := listed(second)) == 3:
                break
        assert [(each["number"], each["outcome"]) for each in lists] == [(n, "running") for n in (1, 2, 3)]
        assert listed(first) == lists
        for worker in (first, second):
            for each in lists:
                one = worker.told(f"/_emulator/inferences/{each['number']}")
                assert (one["id"], one["request"]["stream"]) == (each["id"], True)
        second.do("POST", "clock", {"advance": "60s"})
        ended = [listed(worker) for worker in (first, second)]
        assert ended[0] == ended[1]
        assert {(each["number"], each["id"]) for each in ended[0]} == {(each["number"], each["id"]) for each in lists}
        assert {each["outcome"] for each in ended[0]} == {"completed"}


def test_who_follows_sees_what_any_worker_plays() -> None:
    """The start, how much is sent, and the end, once each and with one number, whichever worker it is."""
    with two_workers() as (server, first, second), ExitStack() as stack:
        first.do("PUT", "scenarios/slow", SLOW)
        first.do("POST", "activate", {"scenario": "slow"})
        events = Events(stack.enter_context(another(server, first.process)))
        for process in (first.process, second.process):
            stream = stack.enter_context(another(server, process))
            stream.stream()
            started = events.until("start")
            assert started["outcome"] == "running"
            second.do("POST", "clock", {"advance": "1s"})
            moved = events.until("progress")
            assert (moved["number"], moved["id"], moved["status"]) == (started["number"], started["id"], 200)
            assert moved["length"] > 0
            first.do("POST", "clock", {"advance": "60s"})
            ended = events.until("end")
            assert (ended["number"], ended["id"], ended["outcome"]) == (started["number"], started["id"], "completed")
        second.do("POST", "reset", {})
        assert events.until("reset") == {}


def test_a_follower_of_a_worker_that_dies_begins_again() -> None:
    """What ran in it is gone: who follows at another one is told, and its list has it no more."""
    with two_workers() as (server, first, second), ExitStack() as stack:
        first.do("PUT", "scenarios/slow", SLOW)
        first.do("POST", "activate", {"scenario": "slow"})
        events = Events(stack.enter_context(another(server, first.process)))
        stack.enter_context(another(server, second.process)).stream()
        assert events.until("start")["outcome"] == "running"
        os.kill(second.process, signal.SIGKILL)
        assert events.until("reset") == {}
        assert listed(first) == []


def test_what_is_reset_is_not_listed_again() -> None:
    """Neither while it runs on, at whichever worker, nor once it has ended; who follows is told of the reset only."""
    with two_workers() as (server, first, second), ExitStack() as stack:
        first.do("PUT", "scenarios/slow", SLOW)
        first.do("POST", "activate", {"scenario": "slow"})
        events = Events(stack.enter_context(another(server, first.process)))
        for process in (first.process, second.process):
            stack.enter_context(another(server, process)).stream()
            assert events.until("start")["outcome"] == "running"
        second.do("POST", "reset", {"keep_scenario": True})
        assert events.until("reset") == {}
        assert listed(first) == listed(second) == []
        first.do("POST", "clock", {"advance": "60s"})
        stack.enter_context(another(server, second.process)).stream()
        second.do("POST", "clock", {"advance": "60s"})
        assert events.until("end")["number"] == 3
        assert [[each["number"] for each in listed(worker)] for worker in (first, second)] == [[3], [3]]


def test_a_record_whose_numbers_begin_anew_is_another_one() -> None:
    """Redis has lost its data: nothing of before is shown, no number is there twice, and followers are told."""
    with two_workers() as (server, first, second), ExitStack() as stack:
        first.do("PUT", "scenarios/slow", SLOW)
        for worker in (first, second) * 3:
            worker.text()
        first.do("POST", "activate", {"scenario": "slow"})
        before = {each["id"] for each in listed(first)}
        events = [Events(stack.enter_context(another(server, each.process))) for each in (first, second)]
        for process in (first.process, second.process):
            stack.enter_context(another(server, process)).stream()
        for each in events:
            assert [each.until("start")["number"] for _ in range(2)] == [7, 8]
        redis_server().ask("FLUSHALL")
        for each in events:
            each.until("reset")
        for worker in (first, second):
            assert any(worker.ask("POST", CHAT, chat("Again?"))[0] == 200 for _ in patience(PATIENCE))
        for each in events:
            each.until("end")
        first.do("POST", "clock", {"advance": "60s"})
        lists = [listed(worker) for worker in (first, second)]
        assert lists[0] == lists[1]
        assert len({each["number"] for each in lists[0]}) == len(lists[0])
        assert len([each for each in lists[0] if each["stream"] and each["outcome"] == "completed"]) == 2
        assert not before & {each["id"] for each in lists[0]}


def test_a_follower_that_comes_back_at_another_worker_misses_nothing() -> None:
    """While both are asked: a list that is read after that, and what is heard from then on, have each, and once."""
    with two_workers() as (server, first, second), ExitStack() as stack:
        asking = [stack.enter_context(another(server, each.process)) for each in (first, second)]

        def ask(worker: Worker) -> int:
            return [worker.ask("POST", CHAT, chat(f"Number {number}."))[0] for number in range(40)].count(200)

        with ThreadPoolExecutor(2) as clients:
            done = [clients.submit(ask, worker) for worker in asking]
            found = dict[int, list[dict[str, Any]]]()
            heard = dict[int, list[int]]()
            followed = list[tuple[Worker, Events]]()
            for worker in (first, second, first, second):
                follower = stack.enter_context(another(server, worker.process))
                followed.append((worker, Events(follower)))
                found[len(found)] = listed(second if worker is first else first)
                heard[len(heard)] = []
            assert [each.result() for each in done] == [40, 40]
        every = [(each["number"], each["id"]) for each in listed(first)]
        assert [number for number, _ in every] == [*range(1, 81)]
        assert len(dict(every)) == len({id for _, id in every}) == 80
        first.text("The last.")
        for place, (_, events) in enumerate(followed):
            while (told := events.until("end"))["number"] != 81:
                heard[place].append(told["number"])
            known = {each["number"] for each in found[place]}
            assert len(heard[place]) == len(set(heard[place]))
            assert known | set(heard[place]) == {number for number, _ in every}


def test_it_is_explained_anywhere() -> None:
    """Another scenario is tried with a request that the other worker has answered."""
    with two_workers() as (_, first, second):
        first.do("PUT", "scenarios/story", "rules: [{name: greeting, reply: {text: Hello.}}]")
        first.text()
        told = second.do("POST", "explain", {"scenario": "story", "inference": "1"})
        assert told["answered_by"] == "story/greeting"


def test_it_is_asked_again_by_the_worker_that_has_its_key() -> None:
    """At any worker, with the key that is not stored; once its worker has ended, the answer says why it cannot be."""
    with two_workers() as (server, first, second), ExitStack() as stack:
        follower = stack.enter_context(another(server, first.process))
        follower.connection.request("POST", CHAT, json.dumps(chat()), {"Authorization": f"Bearer {SECRET}"})
        assert follower.connection.getresponse().read()
        for number, worker in ((1, first), (1, second), (2, second), (3, first)):
            status, answer = worker.ask("POST", f"/_emulator/inferences/{number}/replay", {})
            assert status == 202, answer
            new = json.loads(answer)
            assert any(each["number"] == new["number"] and each["id"] == new["id"] for each in listed(worker))
        found = listed(second)
        assert [each["number"] for each in found] == [1, 2, 3, 4, 5]
        assert len({each["namespace"] for each in found}) == 1
        assert first.ask("POST", "/_emulator/inferences/77/replay", {})[0] == 404
        assert first.ask("GET", "/_emulator/nowhere")[0] == 404
        assert second.ask("POST", "/_emulator/inferences/6/replay", {})[0] == 404
        os.kill(first.process, signal.SIGKILL)
        status, answer = second.ask("POST", "/_emulator/inferences/1/replay", {})
        assert (status, b"has ended, and with it the request's API key" in answer) == (400, True)


def test_nothing_is_told_while_nobody_follows() -> None:
    """Requests publish nothing on the channel of the workers, before somebody follows and after all have left."""

    def published() -> int:
        stats = redis_server().ask("INFO", "commandstats").decode()
        return int(stats.partition("cmdstat_publish:calls=")[2].partition(",")[0] or 0)

    with two_workers() as (server, first, second):

        def quiet() -> bool:
            before = published()
            for worker in (first, second) * 10:
                worker.text()
            return published() == before

        assert any(quiet() for _ in patience(PATIENCE))  # once both have started
        with another(server, first.process) as follower:
            events = Events(follower)
            second.text()
            assert events.until("end")["status"] == 200
        assert any(quiet() for _ in patience(PATIENCE))


def test_any_worker_is_asked_for_anything_while_requests_run() -> None:
    """Snapshots, scenarios, resets, the clock and metrics: each call succeeds, no request fails, and none is lost."""
    with two_workers("--credits", "5") as (server, first, second), ExitStack() as stack:
        assert first.metrics()["vllm:num_requests_running"] == 0
        asking = [stack.enter_context(another(server, each.process)) for each in (first, second)]
        enough = Event()

        def ask(worker: Worker) -> list[int]:
            statuses = list[int]()
            while not enough.is_set():
                statuses.append(worker.ask("POST", CHAT, chat(f"Number {len(statuses)}."))[0])
            return statuses

        with ThreadPoolExecutor(2) as clients:
            done = [clients.submit(ask, worker) for worker in asking]
            try:
                for here, there in ((first, second), (second, first)) * 2:
                    here.do("PUT", "scenarios/story", "rules: [{replies: [{text: One.}, {text: Two.}]}]")
                    there.do("POST", "activate", {"scenario": "story"})
                    state = here.told("/_emulator/snapshot")
                    there.do("POST", "clock", {"advance": "1s"})
                    here.do("POST", "reset", {"keep_scenario": True})
                    there.do("PUT", "snapshot", state)
                    assert here.told("/_emulator/verify")["keys"] is not None
                    there.do("POST", "activate", {"scenario": None})
                    here.do("DELETE", "scenarios/story")
                    assert there.metrics()["vllm:num_requests_running"] <= 2
            finally:
                enough.set()
        statuses = [status for each in done for status in each.result()]
        assert set(statuses) == {200}
        assert first.metrics() == second.metrics()
        assert first.metrics()['akashml_requests_total{endpoint="chat",status="200"}'] == len(statuses)
        assert listed(first) == listed(second)
        assert first.told("/_emulator/ledger") == second.told("/_emulator/ledger")
