"""What an API key may do: the limits that AkashML documents for one, each of them optional (docs/contract.md, auth)."""

from functools import lru_cache
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from emulator.core.clock import iso
from emulator.core.errors import ApiError, Rejected
from emulator.core.patterns import glob

Limit: TypeAlias = Annotated[int, Meta(ge=1)]


class Policy(Struct, frozen=True):
    """The policy of an API key; None: no limit.

    `tokens_per_minute` counts prompts and answers, `concurrency` requests at the same time; from `expires` on, in Unix
    seconds, the key is invalid. `models` are ids or globs (`*`, `?`), in either form of the id, whatever the case.
    Raises ValueError for a limit below 1.
    """

    requests_per_minute: Limit | None = None
    tokens_per_minute: Limit | None = None
    concurrency: Limit | None = None
    expires: float | None = None
    models: tuple[str, ...] | None = None
    disabled: bool = False

    def __post_init__(self) -> None:
        for name in ("requests_per_minute", "tokens_per_minute", "concurrency"):
            limit = getattr(self, name)
            if limit is not None and limit < 1:
                raise ValueError(f"{name} cannot be {limit}: expected 1 or more, or nothing for no limit")

    def authorize(self, now: float) -> None:
        """Let the key pass, or raise `Rejected`: 401 once it has expired, 403 while it is disabled."""
        if self.expires is not None and now >= self.expires:
            told = f"This API key expired at {iso(self.expires)}. Use another key, or give this one a later date."
            raise Rejected(ApiError("unauthorized", told, cause="api_key_expired"))
        if self.disabled:
            raise Rejected(ApiError("forbidden", "This API key is disabled.", cause="api_key_disabled"))

    def allows(self, model: str) -> bool:
        """Whether the key may use the model of this id.

        >>> Policy(models=("*GLM*", "openai--gpt-oss-20b")).allows("openai/gpt-oss-20b")
        True
        """
        return self.models is None or _among(model, self.models)

    def check_model(self, model: str) -> None:
        """Let requests for the model pass, or raise `Rejected` with a 403."""
        if not self.allows(model):
            may = ", ".join(self.models or ()) or "none"
            told = f"This API key may not use the model '{model}'. It is allowed: {may}."
            raise Rejected(ApiError("forbidden", told, param="model", cause="model_not_allowed"))


UNLIMITED = Policy()
"""The policy of a key of which nothing is said."""


@lru_cache(maxsize=1024)
def _among(model: str, globs: tuple[str, ...]) -> bool:
    """Whether one of the globs has the model; `--` stands for the `/` that no id can have it beside."""
    return any(glob(each.replace("--", "/")).match(model) for each in globs)
