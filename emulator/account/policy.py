"""The policy of an API key: the limits that AkashML documents, each of them optional (docs/contract.md, auth)."""

from functools import lru_cache
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from emulator.core.clock import iso
from emulator.core.errors import ApiError, Rejected
from emulator.core.saved_times import Moment

Limit: TypeAlias = Annotated[int, Meta(ge=1, le=10**12)]


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """The policy of an API key; None: no limit.

    `tokens_per_minute` counts prompts and answers, `concurrency` counts requests in flight; `expires` is in Unix
    seconds. `models` are ids or globs (`*`, `?`), in either form of the id; case is ignored. Raises ValueError for a
    limit below 1, or a glob that is too long.
    """

    requests_per_minute: Limit | None = None
    tokens_per_minute: Limit | None = None
    concurrency: Limit | None = None
    expires: Moment | None = None
    models: tuple[str, ...] | None = None
    disabled: bool = False

    def __post_init__(self) -> None:
        for name in ("requests_per_minute", "tokens_per_minute", "concurrency"):
            limit = getattr(self, name)
            if limit is not None and limit < 1:
                raise ValueError(f"{name} cannot be {limit}: expected 1 or more, or nothing for no limit")
        if self.models:
            from emulator.patterns import glob  # noqa: PLC0415 (most keys may use every model)

            for each in self.models:
                glob(each)

    def authorize(self, now: float) -> None:
        """Check that the key is valid. Raises `Rejected`: 401 if it has expired, 403 if it is disabled."""
        if self.expires is not None and now >= self.expires:
            message = f"This API key expired at {iso(self.expires)}. Use another key, or give this one a later date."
            raise Rejected(ApiError("unauthorized", message, cause="api_key_expired"))
        if self.disabled:
            raise Rejected(ApiError("forbidden", "This API key is disabled.", cause="api_key_disabled"))

    def allows(self, model: str) -> bool:
        """Whether the key may use the model with this id.

        >>> Policy(models=("*GLM*", "openai--gpt-oss-20b")).allows("openai/gpt-oss-20b")
        True
        """
        return self.models is None or _among(model, self.models)

    def check_model(self, model: str) -> None:
        """Check that the key may use the model. Raises `Rejected` with a 403 if not."""
        if not self.allows(model):
            may = ", ".join(self.models or ()) or "none"
            message = f"This API key may not use the model '{model}'. It is allowed: {may}."
            raise Rejected(ApiError("forbidden", message, param="model", cause="model_not_allowed"))


UNLIMITED = Policy()
"""The policy of a key of which nothing is said."""


@lru_cache(maxsize=1024)
def _among(model: str, globs: tuple[str, ...]) -> bool:
    """Whether one of the globs matches the model. `--` and `/` are equivalent, since no id has both."""
    from emulator.patterns import glob  # noqa: PLC0415 (most keys may use every model)

    return any(glob(each.replace("--", "/")).matches(model) for each in globs)
