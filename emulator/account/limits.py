"""The rate limits of one key: its windows, their 429, and the X-RateLimit headers."""

from collections.abc import Collection, Iterable, Iterator
from typing import TypeAlias

from msgspec import Struct, field

from emulator.account.policy import Policy
from emulator.account.windows import Timeline, Window
from emulator.core.decimals import decimal
from emulator.core.errors import ApiError, Rejected

RateLimitHeaders: TypeAlias = tuple[tuple[str, str], ...]

REQUESTS_EXCEEDED = "requests_per_minute_exceeded"
TOKENS_EXCEEDED = "tokens_per_minute_exceeded"
TOO_MANY_TOKENS = "request_exceeds_tokens_per_minute"


class RateLimits(Struct, forbid_unknown_fields=True):
    """The windows for requests and for tokens; None: no limit. A tick is a microsecond of the timeline."""

    requests: Window | None = None
    tokens: Window | None = None
    timeline: Timeline = field(default_factory=Timeline)

    def follow(self, policy: Policy, in_flight: Collection[tuple[int, int]] = ()) -> None:
        """Apply the limits of a policy. A limit that it keeps also keeps its counts, even if its value changes.

        A new limit counts the requests in flight: `in_flight` has the tick and the tokens of each, oldest first.
        """
        self.requests = _window(self.requests, policy.requests_per_minute, [(tick, 1) for tick, _ in in_flight])
        self.tokens = _window(self.tokens, policy.tokens_per_minute, in_flight)

    def at(self, now: float) -> int:
        """The tick of a clock's time. Forgets what is then older than a minute."""
        tick = self.timeline.at(now)
        if self.timeline.over:
            self.timeline = Timeline()
            self.requests, self.tokens = (each and Window(each.limit) for each in (self.requests, self.tokens))
            tick = self.timeline.at(now)
        if self.requests is not None:
            self.requests.forget(tick)
        if self.tokens is not None:
            self.tokens.forget(tick)
        return tick

    def hold(self, now: float) -> bool:
        """Whether a window has counted something that is not yet a minute old."""
        tick = self.timeline.seen_at(now)
        return any(window is not None and window.full_at(tick) > tick for window in (self.requests, self.tokens))

    def check(self, now: float, tokens: int) -> int:
        """The tick at which a request with `tokens` is admitted now. Raises `Rejected` with a 429 if it is not.

        After Retry-After, the same request would be admitted, if no other was admitted in between. A request with more
        tokens than the limit can never be admitted: its 429 has no Retry-After.
        """
        tick = self.at(now)
        if (self.requests is None or self.requests.has_room(1)) and (
            self.tokens is None or self.tokens.has_room(tokens)
        ):
            return tick
        if self.tokens is not None and tokens > self.tokens.limit:
            raise Rejected(_too_many_tokens(tokens, self.tokens.limit))
        raise Rejected(self._refusal(now, tick, tokens))

    def take(self, tick: int, tokens: int) -> None:
        """Count a request and its tokens, which `check` has accepted at `tick`."""
        if self.requests is not None:
            self.requests.add(tick, 1)
        if self.tokens is not None:
            self.tokens.add(tick, tokens)

    def correct(self, tick: int, tokens: int) -> None:
        """Add `tokens`, which may be negative, to those counted at `tick`."""
        if self.tokens is not None:
            self.tokens.correct(tick, tokens)

    def untake(self, tick: int, tokens: int) -> None:
        """Remove a request and its tokens from the counts."""
        if self.requests is not None:
            self.requests.correct(tick, -1)
        self.correct(tick, -tokens)

    def headers(self, tick: int, refused: ApiError | None = None) -> RateLimitHeaders:
        """X-RateLimit-Limit, -Remaining and -Reset; empty without a window.

        If there are two windows, the headers describe the one that refused the request, or else the one with the
        smaller remaining share. Reset is when the whole limit is free again if nothing more is sent, in Unix seconds,
        rounded up. `tick` is the result of the latest call of `at` or `check`.
        """
        window = self._telling(refused.cause if refused is not None else None)
        if window is None:
            return ()
        return (
            ("x-ratelimit-limit", str(window.limit)),
            ("x-ratelimit-remaining", str(window.remaining)),
            ("x-ratelimit-reset", str(self.timeline.unix_second(window.full_at(tick)))),
        )

    def _telling(self, cause: str | None) -> Window | None:
        requests, tokens = self.requests, self.tokens
        if requests is None or tokens is None:
            return requests or tokens
        if cause == REQUESTS_EXCEEDED:
            return requests
        if cause in (TOKENS_EXCEEDED, TOO_MANY_TOKENS):
            return tokens
        return requests if requests.remaining * tokens.limit <= tokens.remaining * requests.limit else tokens

    def _refusal(self, now: float, tick: int, tokens: int) -> ApiError:
        """The 429 for the window that refuses the request for the longest time."""
        passes_at, cause, limit = max(self._obstacles(tick, tokens))
        wait = self.timeline.seconds_until(passes_at, now)
        message = f"Rate limit reached: {limit}. Try again in {decimal(wait, 3)} s."
        return ApiError("rate_limited", message, cause=cause, retry_after=wait)

    def _obstacles(self, tick: int, tokens: int) -> Iterator[tuple[int, str, str]]:
        """For each window: when it would admit the request, the cause of its 429, and its limit in words."""
        if self.requests is not None:
            limit = f"{self.requests.limit} requests per minute"
            yield self.requests.passes_at(tick, 1), REQUESTS_EXCEEDED, limit
        if self.tokens is not None:
            asked = f"{self.tokens.remaining} are left, and this request may use {tokens} (prompt and max_tokens)"
            limit = f"{self.tokens.limit} tokens per minute; {asked}"
            yield self.tokens.passes_at(tick, tokens), TOKENS_EXCEEDED, limit


def _too_many_tokens(tokens: int, limit: int) -> ApiError:
    message = (
        f"This request may use {tokens} tokens (prompt and max_tokens), and this API key has {limit} tokens per minute,"
        " so it can never pass. Shorten the prompt or lower max_tokens."
    )
    return ApiError("rate_limited", message, cause=TOO_MANY_TOKENS)


def _window(window: Window | None, limit: int | None, in_flight: Iterable[tuple[int, int]]) -> Window | None:
    if limit is None:
        return None
    if window is None:
        window = Window(limit)
        for tick, amount in in_flight:
            window.add(tick, amount)
    window.limit = limit
    return window
