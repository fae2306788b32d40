"""Backends: none, unhealthy, flapping or busy ones, and a queue that is first come, first served."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from support.saving import restored, saved

from emulator.account.backends import Backends, Flapping, Fleet, Pool, queue_timeout
from emulator.core.clock import EPOCH
from emulator.core.errors import ApiError, Rejected


def refusal(pool: Pool, now: float = EPOCH) -> ApiError | None:
    try:
        pool.enter(now, "another")
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
    assert all(pool.enter(EPOCH, str(number)) is None for number in range(1000))


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
    assert pool.enter(EPOCH, "first") is None
    error = refusal(pool)
    assert error is not None and (error.kind, error.http_status) == ("overloaded", 529)
    assert error.message == "All backends of the requested model are busy."
    assert pool.leave("first") == []
    assert refusal(pool) is None


def test_flapping_follows_the_clock() -> None:
    """Up, down and up again, counted from when it was configured."""
    pool = Pool(Backends(flapping=Flapping(up=10, down=5)), EPOCH + 3)
    phases = [refusal(pool, EPOCH + 3 + at) is None for at in (0, 9.999, 10, 14.999, 15, 24.999, 25)]
    assert phases == [True, True, False, False, True, True, False]


def test_giving_up_leaves_the_queue() -> None:
    """Who has waited long enough gets no slot, and the slot goes to the next one; who was admitted in time stays."""
    pool = Pool(Backends(slots=1, queue=5), EPOCH)
    deadlines = [pool.enter(EPOCH, "first"), pool.enter(EPOCH, "second"), pool.enter(EPOCH + 1, "third")]
    assert deadlines == [None, EPOCH + 5, EPOCH + 6]
    assert not pool.claim("second")
    assert pool.leave("first") == ["third"]
    assert pool.claim("third")


def test_who_waited_in_vain_is_told_for_how_long() -> None:
    """The error names the seconds. A 429 says when to come back; the 529 of a setting does not."""
    message = "All backends of the requested model are busy; the request waited for 5 s."
    assert queue_timeout(5, "429") == ApiError("queue_timeout", message, retry_after=5)
    assert queue_timeout(5, "529") == ApiError("overloaded", message)


def test_more_backends_let_the_waiting_in() -> None:
    """In their order, as many as there are new slots; fewer backends send nobody away."""
    fleet = Fleet()
    fleet.configure("m", Backends(slots=1, queue=60), EPOCH)
    pool = fleet.get("m")
    assert pool is not None
    for number in range(5):
        pool.enter(EPOCH, str(number))
    assert fleet.configure("m", Backends(total=3, slots=1, queue=60), EPOCH) == ["1", "2"]
    assert fleet.configure("m", Backends(healthy=0, slots=1, queue=60), EPOCH) == []
    assert len(pool.running) == 3
    assert fleet.configure("m", None, EPOCH) == ["3", "4"]
    assert fleet.get("m") is None


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
    again = restored(Fleet, saved(fleet))
    assert again == fleet
    pool = again.get("m")
    assert pool is not None and not pool.healthy(EPOCH + 12) and pool.healthy(EPOCH + 15)


class Queue(RuleBasedStateMachine):
    """A pool, saved and restored now and then, beside plain lists of the requests that should run and wait."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.number = EPOCH, 0
        self.pool = Pool(Backends(slots=2, queue=5), EPOCH)
        self.running: set[str] = set()
        self.waiting: dict[str, float] = {}

    @rule()
    def come(self) -> None:
        self.number += 1
        ticket, free = str(self.number), not self.waiting and len(self.running) < self.capacity
        assert self.pool.enter(self.now, ticket) == (None if free else self.now + 5)
        if free:
            self.running.add(ticket)
        else:
            self.waiting[ticket] = self.now + 5

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0), twice=st.booleans())
    def finish(self, which: int, twice: bool) -> None:
        ticket = sorted(self.running)[which % len(self.running)]
        self.running.remove(ticket)
        admitted = self.pool.leave(ticket)
        assert admitted == self.let_in()
        if twice:
            assert self.pool.leave(ticket) == []

    @precondition(lambda self: self.waiting)
    @rule(which=st.integers(0))
    def go_away(self, which: int) -> None:
        ticket = list(self.waiting)[which % len(self.waiting)]
        assert self.pool.leave(ticket) == []
        del self.waiting[ticket]

    @rule(seconds=st.sampled_from([1.0, 4.0, 5.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        for ticket in [ticket for ticket, deadline in self.waiting.items() if deadline <= self.now]:
            assert not self.pool.claim(ticket)
            del self.waiting[ticket]

    @rule(total=st.integers(1, 3), slots=st.integers(1, 2))
    def rebuild(self, total: int, slots: int) -> None:
        admitted = self.pool.configure(Backends(total, slots=slots, queue=5), self.now)
        assert admitted == self.let_in()

    @rule()
    def save_and_restore(self) -> None:
        self.pool = restored(Pool, saved(self.pool))

    def let_in(self) -> list[str]:
        admitted = []
        while self.waiting and len(self.running) < self.capacity:
            ticket = next(iter(self.waiting))
            del self.waiting[ticket]
            self.running.add(ticket)
            admitted.append(ticket)
        return admitted

    @property
    def capacity(self) -> int:
        return self.pool.backends.capacity or 0

    @invariant()
    def agrees(self) -> None:
        assert self.pool.running == self.running
        assert list(self.pool.waiting.items()) == list(self.waiting.items())
        assert all(self.pool.claim(ticket) for ticket in self.running)


def test_first_come_first_served() -> None:
    """Never more run than there are slots, whoever waits longest is next, and nobody is forgotten."""
    run_state_machine_as_test(Queue, settings=settings(max_examples=60, stateful_step_count=40))
