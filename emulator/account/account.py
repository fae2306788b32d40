"""One namespace's account: a policy, rate limits, what is in flight, and credits. It admits a request and settles it.

A request that is refused is as if it had never come: it counts against no window, holds no credits and takes no slot.
One that is admitted counts against the windows from then on, with its prompt and all the tokens that it may answer;
when it is settled, what it really used takes their place.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct, convert, json

from emulator.account.credits import Credits
from emulator.account.limits import RateLimitHeaders, RateLimits
from emulator.account.policy import UNLIMITED, Policy
from emulator.account.prices import ZERO, tariff
from emulator.core.catalog import Model, Pricing
from emulator.core.vocabulary import ApiError, Rejected


class Reservation(Struct, frozen=True):
    """What an admitted request has until it is settled: `tokens` counted at `tick` of the timeline, and `hold` USD."""

    inference_id: str
    model: str
    pricing: Pricing
    tick: int
    tokens: int
    hold: Decimal


class _State(Struct, frozen=True):
    """All that an account holds."""

    policy: Policy
    limits: RateLimits
    credits: Credits | None
    in_flight: tuple[Reservation, ...]
    managed: Policy | None = None


class Account:
    """What one API key may do and has done. Without a policy and credits it is unlimited, and nothing is counted.

    `unlimited` says so: then `admit` need not be called. `policy` and `credits` are set by the methods for it.
    `in_flight` are the admissions that have not ended, oldest first; `limits` are the windows. `managed` is the policy
    that a managed key had when the account last followed it.
    """

    def __init__(self, policy: Policy = UNLIMITED, credits: Credits | None = None) -> None:
        self.in_flight: dict[Admission, None] = {}
        self.limits = RateLimits()
        self.managed: Policy | None = None
        self.policy, self.credits = policy, credits
        self.set_policy(policy)

    def set_policy(self, policy: Policy) -> None:
        """Allow this from now on. Limits that stay keep what they counted; new ones count what is in flight."""
        self.policy = policy
        reserved = [admission.reservation for admission in self.in_flight]
        self.limits.follow(policy, [(each.tick, each.tokens) for each in reserved])
        self._decide_unlimited()

    def set_credits(self, credits: Credits | None) -> None:
        """Charge these credits from now on, also for what is in flight; None: nothing is charged."""
        self.credits = credits
        if credits is not None:
            credits.held = ZERO
            for admission in self.in_flight:
                credits.hold(admission.reservation.hold)
        self._decide_unlimited()

    def _decide_unlimited(self) -> None:
        self.unlimited = self.policy == UNLIMITED and self.credits is None

    def admit(self, now: float, model: Model, prompt: int, limit: int | None, inference_id: str) -> "Admission":
        """Let a request begin that has `prompt` tokens and may be answered with `limit` tokens, all choices together.

        Without a `limit` the prompt alone is reserved, and the answer counts once it is settled. Raises `Rejected`, in
        this order (docs/contract.md, errors): 401 for an expired key; 403 for a disabled one, and for a model that the
        key may not use; 402 when the credits that are not held cannot pay the prompt; 429 for concurrency, requests and
        tokens. Concurrency comes first of these three, since nobody can tell when a request will end: so a Retry-After
        is the truth as far as the account knows it.
        """
        if self.unlimited:
            return UNCOUNTED
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
        reservation = Reservation(inference_id, model.id, model.pricing, tick, tokens, hold)
        admission = Admission(self, reservation, self.limits.headers(tick))
        self.in_flight[admission] = None
        return admission

    def headers(self, now: float, refused: ApiError | None = None) -> RateLimitHeaders:
        """X-RateLimit-* for an answer without an admission, such as the error that `admit` `refused` a request with."""
        return self.limits.headers(self.limits.at(now), refused)

    # ------------------------------------------------------------------------------------------ saving

    def snapshot(self) -> dict[str, Any]:
        """All that the account holds, what is in flight included, in types that JSON has."""
        in_flight = tuple(admission.reservation for admission in self.in_flight)
        state = _State(self.policy, self.limits, self.credits, in_flight, self.managed)
        data: dict[str, Any] = json.decode(json.encode(state))
        return data

    @classmethod
    def restore(cls, data: Mapping[str, Any]) -> "Account":
        """The account of a snapshot. Whoever knows that nothing is in flight any more cancels what is `in_flight`.

        Raises `msgspec.ValidationError`, which names the place, for data that are no snapshot.
        """
        state = convert(data, _State)
        account = cls(credits=state.credits)
        account.limits, account.managed = state.limits, state.managed
        account.set_policy(state.policy)
        account.in_flight = {Admission(account, reservation, ()): None for reservation in state.in_flight}
        return account


class Admission:
    """A request that was let in. It ends once, by whatever comes first of `settle`, `fail` and `cancel`.

    `headers` are the X-RateLimit-* of its answer.
    """

    __slots__ = ("_account", "headers", "reservation")

    def __init__(self, account: Account, reservation: Reservation, headers: RateLimitHeaders) -> None:
        self._account = account
        self.reservation = reservation
        self.headers = headers

    def settle(self, now: float, prompt: int, cached: int, completion: int) -> None:
        """The request has ended, and these tokens were sent: they are charged, and counted instead of the reserved.

        `cached` are those of the prompt that were read from a cache.
        """
        if not self._end():
            return
        account, reserved = self._account, self.reservation
        account.limits.correct(reserved.tick, prompt + completion - reserved.tokens)
        if account.credits is not None:
            account.credits.release(reserved.hold)
            price = tariff(reserved.pricing).price(prompt, cached, completion)
            account.credits.charge(now, price, reserved.inference_id, reserved.model)

    def fail(self) -> None:
        """The request has failed, and nothing was sent: it counts as a request, uses no tokens, and costs nothing."""
        if self._end():
            self._account.limits.correct(self.reservation.tick, -self.reservation.tokens)
            self._release()

    def cancel(self) -> None:
        """The request was refused after all, for what the account does not know of: as if it had never come."""
        if self._end():
            self._account.limits.untake(self.reservation.tick, self.reservation.tokens)
            self._release()

    def affordable(self, now: float) -> int | None:
        """How many tokens of an answer the credits that nobody holds pay now; None: there is no end to them."""
        account = self._account
        if account.credits is None:
            return None
        return tariff(self.reservation.pricing).affordable(account.credits.available(now))

    def _release(self) -> None:
        if self._account.credits is not None:
            self._account.credits.release(self.reservation.hold)

    def _end(self) -> bool:
        """Free the slot; False when that has happened before."""
        return self._account.in_flight.pop(self, self) is None


def _too_many_at_once(cap: int) -> ApiError:
    told = f"Concurrency limit reached: {cap} at the same time. Try again when a request in flight has ended."
    return ApiError("rate_limited", told, cause="concurrency_exceeded")


UNCOUNTED = Admission(Account(), Reservation("", "", Pricing("0", "0"), 0, 0, ZERO), ())
"""The admission of everyone whose account is unlimited: it is not in flight, so that ending it does nothing."""
