"""One API key's account: a policy, rate limits, what is in flight, and credits. It admits a request and settles it.

A request that is refused leaves no trace: it counts against no window, holds no credits and takes no slot. One that is
admitted counts against the windows from then on, with its prompt and all the tokens that it may answer; when it is
settled, the tokens that it really used take their place.

An account is data: it can be encoded and decoded at any time, requests in flight included. A request in flight is named
by its ticket, a text that is unique among all requests of all servers that share the account.
"""

from decimal import Decimal

from msgspec import Struct, field

from emulator.account.credits import Credits
from emulator.account.limits import RateLimitHeaders, RateLimits
from emulator.account.policy import UNLIMITED, Policy
from emulator.account.prices import ZERO, tariff
from emulator.core.catalog import Model, Pricing
from emulator.core.errors import ApiError, Rejected
from emulator.core.vocabulary import Usage


class Reservation(Struct, frozen=True):
    """What an admitted request has until it ends: `tokens` counted at `tick` of the timeline, and `hold` USD.

    `pricing` is what it is charged at, whatever the model costs when it ends.
    """

    inference_id: str
    model: str
    pricing: Pricing
    tick: int
    tokens: int
    hold: Decimal


class Account(Struct):
    """What one API key may do and has done. Without a policy and credits it is `unlimited`, and nothing is counted.

    `in_flight` are the reservations of requests that have not ended, by ticket, oldest first; `limits` are the windows.
    `managed` is the policy that a managed key had when the account last followed it. `policy` and `credits` are changed
    by `set_policy` and `set_credits`.
    """

    policy: Policy = UNLIMITED
    credits: Credits | None = None
    limits: RateLimits = field(default_factory=RateLimits)
    in_flight: dict[str, Reservation] = {}
    managed: Policy | None = None

    def __post_init__(self) -> None:
        self.set_policy(self.policy)

    @property
    def unlimited(self) -> bool:
        """Whether every request passes and none is counted."""
        return self.credits is None and self.policy == UNLIMITED

    def set_policy(self, policy: Policy) -> None:
        """Allow this from now on. Limits that stay keep what they counted; new ones count what is in flight."""
        self.policy = policy
        self.limits.follow(policy, [(each.tick, each.tokens) for each in self.in_flight.values()])

    def set_credits(self, credits: Credits | None) -> None:
        """Charge these credits from now on, also for what is in flight; None: nothing is charged."""
        self.credits = credits
        if credits is not None:
            credits.held = ZERO
            for reservation in self.in_flight.values():
                credits.hold(reservation.hold)

    def admit(
        self, now: float, model: Model, prompt: int, limit: int | None, ticket: str, inference_id: str
    ) -> RateLimitHeaders:
        """Let a request begin that has `prompt` tokens and may be answered with `limit` tokens, all choices together.

        Returns the X-RateLimit-* headers of its answer. Without a `limit` the prompt alone is reserved, and the answer
        counts once it is settled. Raises `Rejected`, in this order (docs/contract.md, errors): 401 for an expired key;
        403 for a disabled one, and for a model that the key may not use; 402 when the credits that are not held cannot
        pay the prompt; 429 for concurrency, requests and tokens. Concurrency comes first of these three, since nobody
        can tell when a request will end: so a Retry-After is the truth as far as the account knows it.
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
        """X-RateLimit-* for a request that was not admitted, such as one that `admit` `refused` with this error."""
        return self.limits.headers(self.limits.at(now), refused)

    def affordable(self, now: float, model: Model) -> int | None:
        """How many tokens of the model's answer the credits pay that nobody holds; None: any number."""
        if self.credits is None:
            return None
        return tariff(model.pricing).affordable(self.credits.available(now))

    # ------------------------------------------------------------------------------------------ ending a request
    # A request ends once, by whatever comes first of these. A ticket that is not in flight is passed over.

    def settle(self, ticket: str, now: float, used: Usage) -> None:
        """The request has ended, and these tokens were sent: they are charged, and counted instead of the reserved."""
        reserved = self.in_flight.pop(ticket, None)
        if reserved is None:
            return
        self.limits.correct(reserved.tick, used.total_tokens - reserved.tokens)
        if self.credits is not None:
            self.credits.release(reserved.hold)
            price = tariff(reserved.pricing).price(used.prompt_tokens, used.cached_tokens, used.completion_tokens)
            self.credits.charge(now, price, reserved.inference_id, reserved.model)

    def fail(self, ticket: str) -> None:
        """The request has failed, and nothing was sent: it counts as a request, uses no tokens, and costs nothing."""
        if reserved := self._released(ticket):
            self.limits.correct(reserved.tick, -reserved.tokens)

    def cancel(self, ticket: str) -> None:
        """The request was refused after all, for something that the account does not know of: it leaves no trace."""
        if reserved := self._released(ticket):
            self.limits.untake(reserved.tick, reserved.tokens)

    def cancel_all(self) -> None:
        """Nothing is in flight any more: the servers that played the requests are gone."""
        for ticket in tuple(self.in_flight):
            self.cancel(ticket)

    def _released(self, ticket: str) -> Reservation | None:
        reserved = self.in_flight.pop(ticket, None)
        if reserved is not None and self.credits is not None:
            self.credits.release(reserved.hold)
        return reserved


def _too_many_at_once(cap: int) -> ApiError:
    told = f"Concurrency limit reached: {cap} at the same time. Try again when a request in flight has ended."
    return ApiError("rate_limited", told, cause="concurrency_exceeded")
