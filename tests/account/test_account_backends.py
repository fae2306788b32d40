"""Backends: none, unhealthy, flapping or busy ones, and a queue that is first come, first served."""

import json
from collections import deque
from functools import partial

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from emulator.account.backends import Backends, Flapping, Fleet, Pool, Ticket
from emulator.core.clock import EPOCH
from emulator.core.vocabulary import ApiError, Rejected


def nobody() -> None:
    """Wake nobody."""
    raise AssertionError("nobody waits")


def refusal(pool: Pool, now: float = EPOCH) -> ApiError | None:
    try:
        pool.enter(now, nobody)
    except Rejected as rejected:
        return rejected.error
    return None


@pytest.mark.parametrize(
    ("backends", "status", "message"),
    [
        (Backends(total=0), 504, "No backend available"),
        (Backends(total=0, slots=3), 504, "No backend available"),
        (Backends(healthy=0), 529, "No healthy backends are available for the requested model"),
        (Backends(total=2, healthy=0, slots=5), 529, "No healthy backends are available for the requested model"),
    ],
)
def test_backends_that_are_not_there(backends: Backends, status: int, message: str) -> None:
    """No backend is a 504, no healthy one a 529, in the words that AkashML documents."""
    error = refusal(Pool(backends, EPOCH))
    assert error is not None and (error.http_status, error.message) == (status, message)


def test_a_model_without_a_limit_takes_everyone() -> None:
    """Without slots, any number run at the same time."""
    pool = Pool(Backends(), EPOCH)
    assert all(pool.enter(EPOCH, nobody).admitted for _ in range(1000))


@pytest.mark.parametrize(
    ("backends", "capacity"),
    [
        (Backends(), None),
        (Backends(slots=2), 2),
        (Backends(total=3, slots=2), 6),
        (Backends(total=3, healthy=1, slots=2), 2),
        (Backends(total=3, healthy=5, slots=2), 6),
        (Backends(total=3, healthy=0), 0),
        (Backends(total=0), 0),
    ],
)
def test_capacity_is_slots_times_healthy_backends(backends: Backends, capacity: int | None) -> None:
    """Each healthy backend has its slots."""
    assert backends.capacity == capacity


def test_busy_without_a_queue_is_refused_at_once() -> None:
    """Nobody waits where no waiting was configured."""
    pool = Pool(Backends(slots=1), EPOCH)
    first = pool.enter(EPOCH, nobody)
    error = refusal(pool)
    assert error is not None and (error.kind, error.http_status) == ("overloaded", 529)
    assert error.message == "All backends of the requested model are busy."
    first.leave()
    assert refusal(pool) is None


def test_flapping_follows_the_clock() -> None:
    """Up, down and up again, counted from when it was configured."""
    pool = Pool(Backends(flapping=Flapping(up=10, down=5)), EPOCH + 3)
    phases = [refusal(pool, EPOCH + 3 + at) is None for at in (0, 9.999, 10, 14.999, 15, 24.999, 25)]
    assert phases == [True, True, False, False, True, True, False]


def test_giving_up_leaves_the_queue() -> None:
    """Who has waited long enough gets a 529, and the slot goes to the next one; who was admitted in time stays."""
    pool, woken = Pool(Backends(slots=1, queue=5), EPOCH), list[str]()
    first = pool.enter(EPOCH, nobody)
    second = pool.enter(EPOCH, lambda: woken.append("second"))
    third = pool.enter(EPOCH + 1, lambda: woken.append("third"))
    assert (second.admitted, second.deadline, third.deadline) == (False, EPOCH + 5, EPOCH + 6)
    with pytest.raises(Rejected, match="busy; the request waited for 5 s") as caught:
        second.give_up()
    assert caught.value.error.http_status == 529
    first.leave()
    third.give_up()
    assert (woken, third.admitted) == (["third"], True)


def test_more_backends_let_the_waiting_in() -> None:
    """In their order, as many as there are new slots; fewer backends send nobody away."""
    fleet, woken = Fleet(), list[int]()
    fleet.configure("m", Backends(slots=1, queue=60), EPOCH)
    pool = fleet.get("m")
    assert pool is not None
    for number in range(5):
        pool.enter(EPOCH, partial(woken.append, number))
    fleet.configure("m", Backends(total=3, slots=1, queue=60), EPOCH)
    assert woken == [1, 2]
    fleet.configure("m", Backends(healthy=0, slots=1, queue=60), EPOCH)
    assert len(pool.running) == 3
    fleet.configure("m", None, EPOCH)
    assert woken == [1, 2, 3, 4] and fleet.get("m") is None


def test_a_model_can_be_taken_off_the_lists() -> None:
    """Hot removal, and back; a model of which nothing is said is listed."""
    fleet = Fleet()
    fleet.configure("m", Backends(listed=False), EPOCH)
    assert (fleet.lists("m"), fleet.lists("other")) == (False, True)
    fleet.configure("m", Backends(), EPOCH)
    fleet.configure("other", None, EPOCH)
    assert (fleet.lists("m"), fleet.lists("other")) == (True, True)


def test_a_fleet_survives_json() -> None:
    """What is configured comes back, and flapping goes on where it was."""
    fleet = Fleet()
    fleet.configure("m", Backends(2, 1, 3, 4.5, Flapping(10, 5), listed=False), EPOCH)
    fleet.configure("n", Backends(0), EPOCH + 1)
    restored = Fleet.restore(json.loads(json.dumps(fleet.snapshot())))
    assert restored.snapshot() == fleet.snapshot()
    pool = restored.get("m")
    assert pool is not None and not pool.healthy(EPOCH + 12) and pool.healthy(EPOCH + 15)


class Queue(RuleBasedStateMachine):
    """A pool beside a plain list of who should run and who should wait."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.number = EPOCH, 0
        self.pool = Pool(Backends(slots=2, queue=5), EPOCH)
        self.running: dict[int, Ticket] = {}
        self.waiting: deque[tuple[int, Ticket]] = deque()
        self.woken: list[int] = []

    @rule()
    def come(self) -> None:
        self.number += 1
        number = self.number
        ticket = self.pool.enter(self.now, lambda: self.woken.append(number))
        assert ticket.admitted == (not self.waiting and len(self.running) < self.capacity)
        if ticket.admitted:
            self.running[number] = ticket
        else:
            self.waiting.append((number, ticket))

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0), twice=st.booleans())
    def finish(self, which: int, twice: bool) -> None:
        number = sorted(self.running)[which % len(self.running)]
        ticket = self.running.pop(number)
        for _ in range(1 + twice):
            ticket.leave()
        self.let_in()

    @precondition(lambda self: self.waiting)
    @rule(which=st.integers(0))
    def go_away(self, which: int) -> None:
        index = which % len(self.waiting)
        self.waiting[index][1].leave()
        del self.waiting[index]

    @rule(seconds=st.sampled_from([1.0, 4.0, 5.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        while self.waiting and self.waiting[0][1].deadline <= self.now:
            with pytest.raises(Rejected):
                self.waiting.popleft()[1].give_up()

    @rule(total=st.integers(1, 3), slots=st.integers(1, 2))
    def rebuild(self, total: int, slots: int) -> None:
        self.pool.configure(Backends(total, slots=slots, queue=5), self.now)
        self.let_in()

    def let_in(self) -> None:
        expected = []
        while self.waiting and len(self.running) < self.capacity:
            number, ticket = self.waiting.popleft()
            self.running[number] = ticket
            expected.append(number)
        assert self.woken == expected
        self.woken.clear()

    @property
    def capacity(self) -> int:
        return self.pool.backends.capacity or 0

    @invariant()
    def agrees(self) -> None:
        assert self.pool.running == set(self.running.values())
        assert list(self.pool.waiting) == [ticket for _, ticket in self.waiting]
        assert all(ticket.admitted for ticket in self.running.values())
        assert self.woken == []


def test_first_come_first_served() -> None:
    """Never more run than there are slots, whoever waits longest is next, and nobody is forgotten."""
    run_state_machine_as_test(Queue, settings=settings(max_examples=60, stateful_step_count=40))
