"""The operations of the emulated API."""

from collections.abc import Iterator

from emulator.core.errors import ERRORS
from emulator.core.json_schemas import STRING, Schema, answered, integer, ref, word
from emulator.core.settings import Settings
from emulator.dialects import Surface
from emulator.dialects.endpoints import ENDPOINTS, Dialects
from emulator.engine.choosing import ERROR_HEADER, SCENARIO_HEADER
from emulator.web.models import COUNTING, PAGES
from emulator.web.openapi.operations import EVENTS, JSON, Described, Operation

BEARER, X_API_KEY = "bearer", "x_api_key"
SECURITY = {
    BEARER: {"type": "http", "scheme": "bearer", "description": "An API key, such as akml-local."},
    X_API_KEY: {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "An API key."},
}
"""The security schemes of the emulated API."""
_REFUSED = {row.status for row in ERRORS.values()} - {405}
_LOOKUP = (401, 403, 404)
_STEERED = {
    SCENARIO_HEADER: "The name of the scenario that answers. It may answer with any status and body.",
    ERROR_HEADER: "The kind or the status of an error to answer with.",
}
_PAGE = {"limit": integer(PAGES), "after_id": STRING, "before_id": STRING}
_OK = answered({"status": word("ok")})
_WELCOME = answered(
    dict.fromkeys(("name", "version", "openai_base_url", "anthropic_base_url", "models", "health", "console"), STRING)
)


def operations(settings: Settings) -> Iterator[Described]:
    """The operations of a server with these settings, each with its method and path."""
    dialects = Dialects(settings)
    for name, endpoint in ENDPOINTS.items():
        shapes, surface = endpoint.shapes(settings), dialects.by_name[name].surface
        stream = {EVENTS: shapes.event} if endpoint.streaming else {}
        asked, answer = {JSON: ref(shapes.request)}, {JSON: ref(shapes.answer), **stream}
        created = Operation(shapes.summary, answer, _REFUSED, body=asked, sample=endpoint.sample, ids=True)
        yield "POST", endpoint.path, created._replace(headers=_STEERED, security=_keys(settings, surface))
    if settings.count_tokens:
        keys, answer = _keys(settings, dialects.surface(COUNTING)), {JSON: ref("TokenCount")}
        body = {JSON: ref("CountRequest")}
        yield "POST", COUNTING, Operation("Count the tokens", answer, _LOOKUP, body=body, security=keys, ids=True)
    keys = _keys(settings, dialects.surface("/v1/models"))
    known = str(next(iter(ENDPOINTS.values())).sample["model"])
    for path, summary, schema, query, security in (
        ("/v1/models", "List the models", "ModelList", {}, keys),
        ("/v1/models/{id}", "Show a model", "Model", {}, keys),
        ("/anthropic/v1/models", "List the models", "AnthropicModelList", _PAGE, ("",)),
        ("/anthropic/v1/models/{id}", "Show a model", "AnthropicModel", {}, ("",)),
    ):
        listed = Operation(summary, {JSON: ref(schema)}, _LOOKUP, query=query, security=security, ids=True)
        yield "GET", path, listed._replace(headers=_STEERED, known=known)
    yield "GET", "/anthropic", Operation("Probe the server", {JSON: _OK})
    yield "GET", "/anthropic/api/hello", Operation("Probe the server", {JSON: _OK})
    yield (
        "GET",
        "/",
        Operation("Describe the server, or lead a browser to the console", {JSON: _WELCOME}, bodiless=(303,)),
    )


def components(settings: Settings) -> dict[str, Schema]:
    """The schemas to which the operations refer."""
    return {name: each for row in ENDPOINTS.values() for name, each in row.shapes(settings).components.items()}


def _keys(settings: Settings, surface: Surface) -> tuple[str, ...]:
    """The security schemes of a path that needs a key, as alternatives."""
    open = ("",) if settings.auth == "open" else ()
    return (*open, BEARER, *((X_API_KEY,) if surface.x_api_key else ()))
