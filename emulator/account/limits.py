"""The rate limits of one key: its windows together, their 429, and the headers that tell of them."""

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


class RateLimits(Struct):
    """Requests and tokens in any minute; None: no limit. A tick is a microsecond of the timeline."""

    requests: Window | None = None
    tokens: Window | None = None
    timeline: Timeline = field(default_factory=Timeline)

    def follow(self, policy: Policy, in_flight: Collection[tuple[int, int]] = ()) -> None:
        """Take the limits of a policy. What was counted under a limit that stays is kept, whatever its new figure.

        A limit that is new counts what is `in_flight`: the tick and the tokens of each request, oldest first.
        """
        self.requests = _window(self.requests, policy.requests_per_minute, [(tick, 1) for tick, _ in in_flight])
        self.tokens = _window(self.tokens, policy.tokens_per_minute, in_flight)

    def at(self, now: float) -> int:
        """The tick of a clock's time; what is older than a minute then counts no longer."""
        tick = self.timeline.at(now)
        if self.requests is not None:
            self.requests.forget(tick)
        if self.tokens is not None:
            self.tokens.forget(tick)
        return tick

    def check(self, now: float, tokens: int) -> int:
        """The tick at which a request with so many tokens passes now. Raises `Rejected` with a 429 if it does not.

        Retry-After is when the same request would pass all windows, if nothing else was admitted until then. A request
        with more tokens than a whole minute has can never pass: it gets a 429 without Retry-After, for there is no time
        to tell.
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
        """Count a request, and so many tokens, which `check` said pass at `tick`."""
        if self.requests is not None:
            self.requests.add(tick, 1)
        if self.tokens is not None:
            self.tokens.add(tick, tokens)

    def correct(self, tick: int, tokens: int) -> None:
        """Change the tokens that were taken at `tick` by so many."""
        if self.tokens is not None:
            self.tokens.correct(tick, tokens)

    def untake(self, tick: int, tokens: int) -> None:
        """Count a request, and so many tokens, no longer."""
        if self.requests is not None:
            self.requests.correct(tick, -1)
        self.correct(tick, -tokens)

    def headers(self, tick: int, refused: ApiError | None = None) -> RateLimitHeaders:
        """X-RateLimit-Limit, -Remaining and -Reset; none without a window.

        With two windows they tell of the one that `refused`, or else of the one of which the smaller share remains.
        Reset is when all of the limit will be free again if nothing more is sent, in Unix seconds, rounded up: it is
        always enough to wait until then. All are told as they are at `tick`, which `at` or `check` has just given.
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
        """The 429 of the limit that lasts longest."""
        passes_at, cause, limit = max(self._obstacles(tick, tokens))
        wait = self.timeline.seconds_until(passes_at, now)
        told = f"Rate limit reached: {limit}. Try again in {decimal(wait, 3)} s."
        return ApiError("rate_limited", told, cause=cause, retry_after=wait)

    def _obstacles(self, tick: int, tokens: int) -> Iterator[tuple[int, str, str]]:
        """When each window would let the request pass, its cause, and its limit in words."""
        if self.requests is not None:
            told = f"{self.requests.limit} requests per minute"
            yield self.requests.passes_at(tick, 1), REQUESTS_EXCEEDED, told
        if self.tokens is not None:
            asked = f"{self.tokens.remaining} are left, and this request may use {tokens} (prompt and max_tokens)"
            told = f"{self.tokens.limit} tokens per minute; {asked}"
            yield self.tokens.passes_at(tick, tokens), TOKENS_EXCEEDED, told


def _too_many_tokens(tokens: int, limit: int) -> ApiError:
    told = (
        f"This request may use {tokens} tokens (prompt and max_tokens), and this API key has {limit} tokens per minute,"
        " so it can never pass. Shorten the prompt or lower max_tokens."
    )
    return ApiError("rate_limited", told, cause=TOO_MANY_TOKENS)


def _window(window: Window | None, limit: int | None, in_flight: Iterable[tuple[int, int]]) -> Window | None:
    if limit is None:
        return None
    if window is None:
        window = Window(limit)
        for tick, amount in in_flight:
            window.add(tick, amount)
    window.limit = limit
    return window
