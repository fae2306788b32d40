"""The account of one API key: its policy, rate limits, credits, and requests in flight.

A refused request has no effect: it is not counted in any window, holds no credits and takes no slot. An admitted
request is counted with the tokens of its prompt and the maximum of its answer; when it is settled, the tokens that it
used replace them.

An account is data: it can be encoded and decoded at any time, including requests in flight. Each request in flight has
a ticket, a text that is unique among all servers that share the account.
"""

from decimal import Decimal

from msgspec import Struct, field

from emulator.account.credits import Credits
from emulator.account.limits import RateLimitHeaders, RateLimits
from emulator.account.policy import UNLIMITED, Policy
from emulator.account.prices import ZERO, add, check_usd, tariff
from emulator.account.windows import Tick
from emulator.core.catalog import Model, Pricing
from emulator.core.errors import ApiError, Rejected
from emulator.core.vocabulary import Usage


class Reservation(Struct, frozen=True, forbid_unknown_fields=True):
    """What is reserved for a request until it ends: `tokens`, counted at the `tick` of the timeline, and `hold` USD.

    `pricing` is the price of the model when the request was admitted, at which it is charged.
    """

    inference_id: str
    model: str
    pricing: Pricing
    tick: Tick
    tokens: Tick
    hold: Decimal


class Account(Struct, forbid_unknown_fields=True):
    """The limits of one API key, and their use. Without a policy and credits it is `unlimited`, and counts nothing.

    `in_flight` maps the tickets of requests that have not ended to their reservations, oldest first; `limits` are the
    windows. `managed` is the policy of the managed key that was last applied. `own` says that it was set for this key
    alone while the server runs, so that opening it anew would not make the same. To change `policy` and `credits`, call
    `set_policy` and `set_credits`.
    """

    policy: Policy = UNLIMITED
    credits: Credits | None = None
    limits: RateLimits = field(default_factory=RateLimits)
    in_flight: dict[str, Reservation] = {}
    managed: Policy | None = None
    own: bool = False

    def __post_init__(self) -> None:
        holds = ZERO
        for ticket, each in self.in_flight.items():
            holds = add(holds, check_usd(f"the hold of the request {ticket}", each.hold))
        if self.credits is not None and self.credits.held != holds:
            raise ValueError(f"the amount held is {self.credits.held}, not {holds} as for the requests in flight")
        self.set_policy(self.policy)

    @property
    def unlimited(self) -> bool:
        """Whether every request is admitted and none is counted."""
        return self.credits is None and self.policy == UNLIMITED

    def holds(self, now: float) -> bool:
        """Whether something is lost with it: credits, a count, a request in flight, or what was set for it alone."""
        return self.own or self.credits is not None or bool(self.in_flight) or self.limits.hold(now)

    def set_own_policy(self, policy: Policy) -> None:
        """Apply a policy that is for this key alone."""
        self.own = True
        self.set_policy(policy)

    def set_policy(self, policy: Policy) -> None:
        """Apply another policy. Limits that remain keep their counts; new limits count the requests in flight."""
        self.policy = policy
        self.limits.follow(policy, [(each.tick, each.tokens) for each in self.in_flight.values()])

    def set_credits(self, credits: Credits | None) -> None:
        """Charge these credits, also for requests in flight. With None, nothing is charged."""
        self.credits = credits
        if credits is not None:
            credits.held = ZERO
            for reservation in self.in_flight.values():
                credits.hold(reservation.hold)

    def admit(
        self, now: float, model: Model, prompt: int, limit: int | None, ticket: str, inference_id: str
    ) -> RateLimitHeaders:
        """Admit a request with `prompt` tokens, whose choices together may have up to `limit` tokens.

        Returns the X-RateLimit-* headers of its answer. Without a `limit`, only the prompt is reserved, and the answer
        is counted when it is settled. Raises `Rejected`, in this order (docs/contract.md): 401 for an expired key;
        403 for a disabled one, and for a model that the key may not use; 402 if the available credits do not cover the
        prompt; 429 for concurrency, requests and tokens. Concurrency is checked before the windows because the end of a
        request cannot be predicted: a 429 with a Retry-After then always means that only time is needed.
        """
        if self.unlimited:
            return ()
        self.policy.authorize(now)
        self.policy.check_model(model.id)
        hold = ZERO
        if self.credits is not None:
            hold = tariff(model.pricing).price(prompt)
            self.credits.check(now, hold)
        cap = self.policy.concurrency
        if cap is not None and len(self.in_flight) >= cap:
            raise Rejected(_too_many_at_once(cap))
        tokens = prompt if limit is None else prompt + limit
        tick = self.limits.check(now, tokens)
        self.limits.take(tick, tokens)
        if self.credits is not None:
            self.credits.hold(hold)
        self.in_flight[ticket] = Reservation(inference_id, model.id, model.pricing, tick, tokens, hold)
        return self.limits.headers(tick)

    def headers(self, now: float, refused: ApiError | None = None) -> RateLimitHeaders:
        """The X-RateLimit-* headers for a request that was not admitted. `refused` is the error, if there was one."""
        return self.limits.headers(self.limits.at(now), refused)

    def affordable(self, now: float, model: Model) -> int | None:
        """The number of completion tokens that the available credits can pay; None: any number."""
        if self.credits is None:
            return None
        return tariff(model.pricing).affordable(self.credits.available(now))

    # ------------------------------------------------------------------------------------------ ending a request
    # Only the first of these calls ends a request. They ignore a ticket that is not in flight.

    def settle(self, ticket: str, now: float, used: Usage) -> None:
        """End a request that was answered: charge the tokens sent, and count them instead of those reserved."""
        reserved = self.in_flight.pop(ticket, None)
        if reserved is None:
            return
        self.limits.correct(reserved.tick, used.total_tokens - reserved.tokens)
        if self.credits is not None:
            self.credits.release(reserved.hold)
            price = tariff(reserved.pricing).price(used.prompt_tokens, used.cached_tokens, used.completion_tokens)
            self.credits.charge(now, price, reserved.inference_id, reserved.model)

    def fail(self, ticket: str) -> None:
        """End a request of which nothing was sent: it counts as a request, uses no tokens, and costs nothing."""
        if reserved := self._released(ticket):
            self.limits.correct(reserved.tick, -reserved.tokens)

    def cancel(self, ticket: str) -> None:
        """Undo the admission of a request that was then refused for another reason."""
        if reserved := self._released(ticket):
            self.limits.untake(reserved.tick, reserved.tokens)

    def cancel_all(self) -> None:
        """Undo the admission of all requests in flight, after the servers that played them have ended."""
        for ticket in tuple(self.in_flight):
            self.cancel(ticket)

    def _released(self, ticket: str) -> Reservation | None:
        reserved = self.in_flight.pop(ticket, None)
        if reserved is not None and self.credits is not None:
            self.credits.release(reserved.hold)
        return reserved


def _too_many_at_once(cap: int) -> ApiError:
    message = f"Concurrency limit reached: {cap} at the same time. Try again when a request in flight has ended."
    return ApiError("rate_limited", message, cause="concurrency_exceeded")
