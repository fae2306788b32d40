"""One operation of the OpenAPI document, and what all operations have in common."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple, TypeAlias

from emulator.core.errors import ERRORS
from emulator.core.json_schemas import NONEMPTY, STRING, Schema, any_of, ref
from emulator.dialects import Surface

Content: TypeAlias = Mapping[str, Schema]
"""Schemas by media type."""
JSON, EVENTS = "application/json", "text/event-stream"
EVERYWHERE = (400, 408, 413, 414, 421, 429, 431, 503)
"""Of any path: a request that is bad, late, too large or for another host; too many at once; a server out of means."""
HEADERS = {
    "Retry-After": {"description": "Seconds until the same request may succeed.", "schema": STRING},
    **{
        f"X-RateLimit-{name}": {"description": "Of the window that is closest to its limit.", "schema": STRING}
        for name in ("Limit", "Remaining", "Reset")
    },
}
"""Headers that an answer has if there is something to tell, as components."""
_HEADERS = {name: {"$ref": f"#/components/headers/{name}"} for name in HEADERS}


class Operation(NamedTuple):
    """One method of a path.

    `answer` is what a successful answer can be; one with `ids` has the headers that identify it. `bodiless` are the
    statuses of answers without a body, such as redirects. `statuses` are those of errors, beside those that occur
    everywhere; `others` are further bodies of them. `body` is that of the request,
    `sample` is one, and `query` and `headers` are the parameters; `known` is a value for what stands in the path.
    `security` are alternatives, by the names of schemes; an empty name is no key.
    """

    summary: str
    answer: Content
    statuses: Iterable[int] = ()
    status: int = 200
    body: Content | None = None
    required: bool = True
    sample: Mapping[str, Any] | None = None
    query: Mapping[str, Schema] = {}
    headers: Mapping[str, str] = {}
    known: str = ""
    others: Mapping[int, tuple[Schema, ...]] = {}
    security: tuple[str, ...] = ()
    ids: bool = False
    bodiless: tuple[int, ...] = ()

    def described(self, name: str, path: str, tag: str, surface: Surface) -> dict[str, Any]:
        """The operation object of the document; `name` is its id."""
        parameters = [
            *(
                {"name": each, "in": "path", "required": True, "schema": NONEMPTY, "example": self.known}
                for each in _names_in(path)
            ),
            *({"name": each, "in": "query", "schema": schema} for each, schema in self.query.items()),
            *(
                {"name": each, "in": "header", "description": told, "schema": NONEMPTY}
                for each, told in self.headers.items()
            ),
        ]
        told: dict[str, Any] = {"operationId": name, "summary": self.summary, "tags": [tag]}
        if parameters:
            told["parameters"] = parameters
        if self.body is not None:
            sample = {} if self.sample is None else {"example": self.sample}
            content = {media: {"schema": schema, **sample} for media, schema in self.body.items()}
            told["requestBody"] = {"required": self.required, "content": content}
        return told | {
            "responses": self._responses(surface),
            "security": [{each: []} if each else {} for each in self.security],
        }

    def _responses(self, surface: Surface) -> dict[str, Any]:
        answered = {"description": HTTPStatus(self.status).phrase, "content": _content(self.answer)}
        if self.ids:
            answered["headers"] = {**_ids(surface), **_HEADERS}
        refused: dict[str, Any] = {
            str(status): {"$ref": _place(surface, status)} for status in {*EVERYWHERE, *self.statuses}
        }
        refused |= {str(status): _refusal(surface, status, schemas) for status, schemas in self.others.items()}
        bodiless = {str(status): {"description": HTTPStatus(status).phrase} for status in self.bodiless}
        return {str(self.status): answered, **bodiless, **dict(sorted(refused.items()))}


def refusals(surfaces: Iterable[Surface]) -> dict[str, Any]:
    """The errors of these surfaces as components: one for each status that an error can have."""
    statuses = {*EVERYWHERE, *(row.status for row in ERRORS.values())}
    return {
        _place(surface, status).rpartition("/")[2]: _refusal(surface, status)
        for surface in surfaces
        for status in sorted(statuses)
    }


def _refusal(surface: Surface, status: int, others: Iterable[Schema] = ()) -> dict[str, Any]:
    found = next(((kind, row.title) for kind, row in ERRORS.items() if row.status == status), ("bad_request", None))
    kind, title = found
    schema = any_of(ref(surface.error_schema(kind)), *others)
    return {
        "description": title or HTTPStatus(status).phrase,
        "content": _content({JSON: schema if others else schema["anyOf"][0]}),
        "headers": _HEADERS if others else {**_ids(surface), **_HEADERS},
    }


def _place(surface: Surface, status: int) -> str:
    return f"#/components/responses/{surface.prefix.strip('/')}.{status}"


Described: TypeAlias = tuple[str, str, Operation]
"""A method, a path and its operation."""


def _names_in(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _content(content: Content) -> dict[str, Any]:
    return {media: {"schema": schema} for media, schema in content.items()}


def _ids(surface: Surface) -> dict[str, Any]:
    names = [name.decode() for name, _ in surface.id_headers("", "")]
    return {name: {"required": True, "schema": STRING} for name in names}
