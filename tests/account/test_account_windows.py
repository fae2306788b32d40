"""Windows of a minute: never more than the limit in any 60 seconds, and a Retry-After that is the truth."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import convert, to_builtins

from emulator.account.limits import REQUESTS_EXCEEDED, TOKENS_EXCEEDED, TOO_MANY_TOKENS, RateLimits
from emulator.account.policy import Policy
from emulator.account.windows import SPAN, Timeline, Window
from emulator.core.clock import EPOCH
from emulator.core.errors import ApiError, Rejected

GAPS = st.one_of(
    st.sampled_from([0.0, 0.001, 0.25, 19.999, 20.0, 29.9995, 30.0, 59.999, 60.0, 60.001]),
    st.floats(0, 70),
)
MOMENTS = st.one_of(st.just(EPOCH), st.floats(0, 4e9))


def limits(requests: int | None = None, tokens: int | None = None) -> RateLimits:
    made = RateLimits()
    made.follow(Policy(requests, tokens))
    return made


def refusal(made: RateLimits, now: float, tokens: int = 1) -> ApiError | None:
    """What a request is refused with; one that is not is taken."""
    try:
        made.take(made.check(now, tokens), tokens)
    except Rejected as rejected:
        return rejected.error
    return None


def microsecond(now: float) -> int:
    return round(now * 1e6)


def times(start: float, gaps: list[float]) -> Iterator[float]:
    for gap in gaps:
        start += gap
        yield start


@given(MOMENTS, st.lists(GAPS, max_size=60), st.integers(1, 5))
def test_no_minute_sees_more_requests_than_the_limit(start: float, gaps: list[float], limit: int) -> None:
    """Wherever 60 seconds begin, at most the limit is admitted in them; and who is refused would have been too many."""
    made = limits(limit)
    admitted: list[int] = []
    for now in times(start, gaps):
        in_the_minute = [at for at in admitted if at > microsecond(now) - SPAN]
        error = refusal(made, now)
        assert (error is None) == (len(in_the_minute) < limit)
        if error is None:
            admitted.append(microsecond(now))
    assert all(later - earlier >= SPAN for earlier, later in zip(admitted, admitted[limit:], strict=False))


@given(MOMENTS, st.lists(st.tuples(GAPS, st.integers(0, 60)), max_size=60))
def test_no_minute_sees_more_tokens_than_the_limit(start: float, asked: list[tuple[float, int]]) -> None:
    """Wherever 60 seconds end, what was admitted in them fits into the limit."""
    made = limits(tokens=60)
    admitted: list[tuple[int, int]] = []
    for now, (_, tokens) in zip(times(start, [gap for gap, _ in asked]), asked, strict=True):
        used = sum(amount for at, amount in admitted if at > microsecond(now) - SPAN)
        error = refusal(made, now, tokens)
        assert (error is None) == (used + tokens <= 60)
        if error is None:
            admitted.append((microsecond(now), tokens))


@given(MOMENTS, st.lists(st.tuples(GAPS, st.integers(1, 60)), min_size=1, max_size=60), st.integers(1, 5))
def test_retry_after_is_the_truth(start: float, asked: list[tuple[float, int]], requests: int) -> None:
    """One millisecond earlier the same request fails, at the time it passes: if nothing else was admitted."""
    made = limits(requests, 60)
    for now, (_, tokens) in zip(times(start, [gap for gap, _ in asked]), asked, strict=True):
        before = json.dumps(to_builtins(made))
        error = refusal(made, now, tokens)
        if error is None:
            continue
        wait = error.retry_after
        assert wait is not None and 0 < wait <= 60 and wait == round(wait, 3)
        earlier, then = (convert(json.loads(before), RateLimits) for _ in range(2))
        assert refusal(earlier, now + (wait - 0.001), tokens) is not None
        assert refusal(then, now + wait, tokens) is None


def test_what_is_sixty_seconds_old_does_not_count() -> None:
    """A window is half-open: at 59.999 seconds the first request counts, at 60 it does not."""
    made = limits(1)
    assert refusal(made, EPOCH) is None
    error = refusal(made, EPOCH + 59.999)
    assert error is not None and error.retry_after == 0.001
    assert refusal(made, EPOCH + 60) is None


def test_a_request_larger_than_the_limit_never_passes() -> None:
    """It is told so, without a Retry-After that would not be true, and it takes nothing from the others."""
    made = limits(tokens=100)
    error = refusal(made, EPOCH, 101)
    assert error is not None and (error.kind, error.cause, error.retry_after) == ("rate_limited", TOO_MANY_TOKENS, None)
    assert "101 tokens" in error.message and "100 tokens per minute" in error.message
    assert refusal(made, EPOCH, 100) is None


@pytest.mark.parametrize(("gap", "code", "wait"), [(10.0, REQUESTS_EXCEEDED, 50.0), (0.0, TOKENS_EXCEEDED, 60.0)])
def test_retry_after_waits_for_all_windows(gap: float, code: str, wait: float) -> None:
    """The window that is full for longer is the one that is told of."""
    made = limits(2, 100)
    assert refusal(made, EPOCH, 100 if not gap else 1) is None
    assert refusal(made, EPOCH, 0 if not gap else 1) is None
    error = refusal(made, EPOCH + gap, 50)
    assert error is not None and (error.cause, error.retry_after) == (code, wait)


def test_corrections_free_room() -> None:
    """Tokens that were reserved and not used are there for the next one at once; forgotten ones stay forgotten."""
    made = limits(tokens=100)
    tick = made.check(EPOCH, 90)
    made.take(tick, 90)
    assert refusal(made, EPOCH + 1, 20) is not None
    made.correct(tick, 10 - 90)
    assert refusal(made, EPOCH + 1, 90) is None
    made.at(EPOCH + 60)
    made.correct(tick, 1000)
    assert made.tokens is not None and made.tokens.remaining == 10


def test_a_correction_beyond_the_limit_leaves_nothing() -> None:
    """An answer that was longer than reserved counts fully: nothing remains, and who comes next waits for it."""
    made = limits(tokens=100)
    tick = made.check(EPOCH, 10)
    made.take(tick, 10)
    made.correct(tick, 190)
    assert dict(made.headers(tick))["x-ratelimit-remaining"] == "0"
    error = refusal(made, EPOCH + 1, 1)
    assert error is not None and error.retry_after == 59.0


def test_headers_tell_of_the_tighter_window() -> None:
    """Of the window with the smaller share left, or of the one that refused."""
    made = limits(4, 100)
    assert refusal(made, EPOCH + 0.5, 10) is None
    tick = made.at(EPOCH + 0.5)
    assert dict(made.headers(tick)) == {
        "x-ratelimit-limit": "4",
        "x-ratelimit-remaining": "3",
        "x-ratelimit-reset": str(int(EPOCH) + 61),
    }
    error = refusal(made, EPOCH + 0.5, 95)
    assert dict(made.headers(tick, error))["x-ratelimit-limit"] == "100"
    assert refusal(made, EPOCH + 0.5, 60) is None
    assert dict(made.headers(tick))["x-ratelimit-remaining"] == "30"
    for _ in range(2):
        assert refusal(made, EPOCH + 0.5) is None
    error = refusal(made, EPOCH + 0.5)
    assert error is not None and dict(made.headers(tick, error))["x-ratelimit-limit"] == "4"
    assert error.message == "Rate limit reached: 4 requests per minute. Try again in 60 s."


def test_an_idle_key_has_all_of_its_limit() -> None:
    """After a quiet minute all remains, and the reset is now; without windows there are no headers."""
    made = limits(4)
    assert refusal(made, EPOCH) is None
    assert [value for _, value in made.headers(made.at(EPOCH + 60.5))] == ["4", "4", str(int(EPOCH) + 61)]
    assert limits().headers(0) == ()


@given(st.lists(st.floats(-1e9, 1e9), max_size=30))
def test_a_timeline_never_goes_back(moves: list[float]) -> None:
    """Whatever the clock is set to, the time of windows stands still or goes on."""
    timeline, now, last = Timeline(), EPOCH, 0
    for move in moves:
        now += move
        tick = timeline.at(now)
        assert tick >= last and timeline.at(now) == tick
        last = tick


def test_a_clock_set_back_does_not_lock_a_key_out() -> None:
    """A full window is full for what was left of its minute, not for the year until the old date comes again."""
    made = limits(1)
    assert refusal(made, EPOCH) is None
    year = 365 * 86400
    error = refusal(made, EPOCH - year)
    assert error is not None and error.retry_after == 60
    assert int(dict(made.headers(made.at(EPOCH - year)))["x-ratelimit-reset"]) == EPOCH - year + 60
    assert refusal(made, EPOCH - year + 60) is None


def test_a_window_is_bounded() -> None:
    """Neither a frozen clock nor a long run nor corrections to nothing make it grow."""
    window = Window(10**9)
    for _ in range(1000):
        window.add(5, 1)
    assert (len(window.ticks), window.used) == (1, 1000)
    for tick in range(1000):
        window.forget(tick * SPAN)
        window.add(tick * SPAN, 1)
        assert len(window.ticks) < 200
    for tick in range(SPAN * 1000, SPAN * 1000 + 1000):
        window.add(tick, 3)
        window.correct(tick, -3)
    assert len(window.ticks) < 200 and window.used == 1


def test_changed_limits_keep_what_was_counted() -> None:
    """A limit that is lowered holds at once; one that is taken away and given again begins anew."""
    made = limits(5)
    for _ in range(3):
        assert refusal(made, EPOCH) is None
    made.follow(Policy(2))
    error = refusal(made, EPOCH + 1)
    assert error is not None and error.retry_after == 59
    made.follow(Policy())
    made.follow(Policy(2))
    assert refusal(made, EPOCH + 1) is None
