"""Requests to the control routes: their query parameters, their bodies, and the values in them.

A name that a route does not take is refused before anything is changed, since a misspelt one would have no effect.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import Request

from emulator.account.keys import MASK
from emulator.core.errors import ApiError, Rejected
from emulator.core.fields import Fields, decode, show
from emulator.core.nearest import nearest
from emulator.core.units import Notation
from emulator.dialects.openai.surface import wording
from emulator.engine import Engine
from emulator.scenario.reading.mistakes import ScenarioError
from emulator.wire.receive import headers_of, read_body

if TYPE_CHECKING:
    from emulator.scenario.reading.readers import Reader

T = TypeVar("T")
_LABEL = "is how a key is shown: write the key itself, or select inferences by their namespace"


class ControlRequest(Request):
    """A request whose names were checked: it has only query parameters and fields that its route takes."""

    fields = Fields({}, wording)
    """The JSON object in the body; empty if there is none."""

    async def read(self, query: str | None, fields: str | None, limit: int) -> None:
        """Check the names, and read the body, of at most `limit` bytes. The arguments are those of the route's row.

        Raises `Rejected` with a 400 for a query parameter or a field that the route does not take or that is given
        twice, for a parameter that is empty, and for a body that is no JSON object.
        """
        route = f"{self.method} {self.url.path}"
        if query is not None:
            given = [name for name, _ in self.query_params.multi_items()]
            _check_names("query parameter", given, query.split(), route, ("field of the body", fields or ""))
            for name, value in self.query_params.items():
                if given.count(name) > 1:
                    raise bad_parameter(name, "it is given twice")
                if not value or (name == "key" and value.isspace()):
                    raise bad_parameter(name, "it is empty")
                if name == "key" and MASK in value:
                    raise bad_parameter(name, f"{show(value)} {_LABEL}")
        if fields is not None:
            body = await read_body(headers_of(self.scope), self.receive, limit)
            data = decode(body) if body.strip() else {}
            _check_repeated(body)
            _check_names("field", data, fields.split(), route, ("query parameter", query or ""))
            self.fields = Fields(data, wording)


def _check_repeated(body: bytes) -> None:
    """Raise `Rejected` for a JSON object in which a name is given twice: one of its values would have no effect."""

    def check(pairs: list[tuple[str, Any]]) -> None:
        names = Counter(name for name, _ in pairs)
        if len(names) < len(pairs):
            name = names.most_common(1)[0][0]
            raise Rejected(ApiError("bad_request", f"The field {show(name)} is given twice.", param=name))

    if body.strip():
        json.loads(body, object_pairs_hook=check, parse_int=str, parse_float=str)


def _check_names(what: str, names: Iterable[str], known: Sequence[str], route: str, elsewhere: tuple[str, str]) -> None:
    """Raise `Rejected` for a name that is not known. `elsewhere` are the names of another kind, for the hint."""
    for name in names:
        if name in known:
            continue
        kind, others = elsewhere
        if name in others.split():
            hint = f"it is a {kind} here."
        elif near := nearest(name, known):
            hint = f"did you mean '{near}'?"
        else:
            hint = f"{route} takes only {', '.join(known)}." if known else f"{route} takes none."
        raise Rejected(ApiError("bad_request", f"Unknown {what} {show(name)}: {hint}", param=name))


def bad_parameter(name: str, message: str) -> Rejected:
    """The 400 for the value of a query parameter."""
    return Rejected(ApiError("bad_request", f"Invalid query parameter '{name}': {message}.", param=name))


def key_in(fields: Fields) -> str | None:
    """The API key in the field `key`; None if there is none. Raises `Rejected` with a 400 for one that cannot be."""
    key = fields.string("key")
    if key is not None and not key.strip():
        fields.reject("key", "an API key, or no such field")
    if key is not None and MASK in key:
        raise Rejected(ApiError("bad_request", f"Invalid 'key': {show(key)} {_LABEL}.", param="key"))
    return key


def read_value(fields: Fields, name: str, notation: Notation[T]) -> T:
    """Read a field in a notation of `core.units`. Raises `Rejected` with a 400 that says what was expected."""
    try:
        return notation.of(fields.data[name])
    except ValueError as error:
        fields.reject(name, str(error).removeprefix("expected "))


def read_part(engine: Engine, reader: "Reader[T]", name: str, value: Any) -> T:
    """Read a value written as in a scenario. Raises `Rejected` with a 400 that lists all mistakes."""
    from emulator.scenario.loader import read_objects  # noqa: PLC0415 (the loader is imported when it is needed)

    try:
        return read_objects(reader, value, name, catalog=engine.catalog)
    except ScenarioError as error:
        told = "; ".join(mistake.render() for mistake in error.mistakes)
        raise Rejected(ApiError("bad_request", told, param=name)) from None
