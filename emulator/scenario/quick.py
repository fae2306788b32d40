"""Scenarios without a file: one text, or one error, as the answer to every request."""

from typing import Any

from emulator.core.catalog import Catalog
from emulator.core.errors import ERRORS
from emulator.core.nearest import nearest
from emulator.core.regexes import late
from emulator.scenario.language.timing import DURATION
from emulator.scenario.loader import load_objects, read_objects
from emulator.scenario.reading.mistakes import ScenarioError
from emulator.scenario.types import Scenario
from emulator.scenario.writing import literal

_STATUS = late(r"[45][0-9]{2}")
_RETRY_AFTER = "1s"
"""What a 429 says without a `retry_after`: AkashML sends the header with each of its own."""


def reply_scenario(text: str, *, catalog: Catalog) -> Scenario:
    """A scenario that answers every request with this text. Raises ScenarioError for a text that cannot be sent."""
    rule = {"name": "reply", "reply": {"text": literal(text)}}
    return load_objects({"name": "reply", "rules": [rule]}, "reply", catalog=catalog)


def error_scenario(error: int | str, retry_after: str | float | None = None, *, catalog: Catalog) -> Scenario:
    """A scenario that answers every request with an error.

    `error` is a status from 400 to 599, or the kind of an error, such as rate_limited. `retry_after` is a duration, in
    seconds if it is a number; a 429 has one in any case. Raises ValueError for another error, with a message that
    completes a sentence, and ScenarioError for a wrong duration.
    """
    word = str(error)
    written: dict[str, Any] = {"status": int(word)} if _STATUS.fullmatch(word) else {"kind": word}
    if "kind" in written and word not in ERRORS:
        near = nearest(word, ERRORS)
        hint = f"; did you mean {near}?" if near else f": {', '.join(ERRORS)}"
        raise ValueError(f"cannot be '{word[:40]}': expected a status from 400 to 599, or the kind of an error{hint}")
    limits = [{"status": 429}, *({"kind": kind} for kind, row in ERRORS.items() if row.status == 429)]
    if retry_after is None and written in limits:
        retry_after = _RETRY_AFTER
    reply = {"error": written} | ({} if retry_after is None else {"retry_after": retry_after})
    rule = {"name": "error", "reply": reply}
    return load_objects({"name": f"error-{word.replace('_', '-')}", "rules": [rule]}, "error", catalog=catalog)


def quick_scenario(
    reply: str | None, error: int | str | None, retry_after: str | float | None, *, catalog: Catalog
) -> Scenario | None:
    """The scenario of a reply or of an error, as a setting or an option gives it; None without either.

    Raises ValueError for both at once, for an unknown error, and for a `retry_after` without an error, and
    ScenarioError for a wrong duration.
    """
    if reply is not None and error is not None:
        raise ValueError("reply and error exclude each other: every request gets one of them")
    if error is None and retry_after is not None:
        raise ValueError("retry_after needs an error, such as 429")
    if retry_after is not None:
        read_objects(DURATION, retry_after, "retry_after", catalog=catalog)
    if error is not None:
        try:
            return error_scenario(error, retry_after, catalog=catalog)
        except ScenarioError:
            raise
        except ValueError as wrong:
            raise ValueError(f"error {wrong}") from None
    return None if reply is None else reply_scenario(reply, catalog=catalog)
