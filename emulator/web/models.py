"""The informational endpoints: the models, the probe of /anthropic, and token counting."""

from collections.abc import Awaitable, Callable, Mapping

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from emulator.account.keys import presented
from emulator.core.catalog import Catalog, Model
from emulator.core.errors import Rejected
from emulator.core.fields import Fields, Limits, decode
from emulator.core.version import __version__
from emulator.dialects import Surface
from emulator.dialects.anthropic.messages import AnthropicMessages
from emulator.dialects.anthropic.surface import wording
from emulator.dialects.openai.surface import OpenAISurface
from emulator.engine import Engine
from emulator.engine.planner import unknown_model
from emulator.scenario.library import LoadedScenario
from emulator.web.presets import MARK, NOTHING
from emulator.wire.receive import read_body

COUNTING = "/anthropic/v1/messages/count_tokens"
"""The path that counts the tokens of a request."""
_PAGE = 20
PAGES = Limits(1, 1000)
"""How many models a page can have."""


def routes(engine: Engine) -> list[BaseRoute]:
    """The routes for one engine. AkashML lists models without a key under /anthropic, and only with one under /v1."""
    openai, messages = OpenAISurface(engine.settings), AnthropicMessages(engine.settings)
    anthropic = messages.surface

    def telling(surface: Surface, tell: _Telling, *, with_key: bool) -> _Endpoint:
        async def endpoint(request: Request) -> Response:
            headers, namespace = request.headers, ""
            key = presented(headers, x_api_key=surface.x_api_key)
            if with_key:
                key = await engine.authenticate(headers, x_api_key=surface.x_api_key)
                await engine.authorize(key, headers)
                namespace = key
            body = await tell(request, await engine.playing(key, headers))
            return await _json(engine, surface, body, namespace, request.scope["path"].encode())

        return endpoint

    async def openai_models(request: Request, story: LoadedScenario | None) -> bytes:
        return openai.models(await engine.models(story))

    async def openai_model(request: Request, story: LoadedScenario | None) -> bytes:
        aliased = engine.settings.v1_model_ids == "either"
        return openai.model(_as_asked(engine, request, story, aliased=aliased))

    async def anthropic_models(request: Request, story: LoadedScenario | None) -> bytes:
        return anthropic.models(*page(await engine.models(story), request.query_params))

    async def anthropic_model(request: Request, story: LoadedScenario | None) -> bytes:
        return anthropic.model(_as_asked(engine, request, story, aliased=True))

    async def count_tokens(request: Request) -> Response:
        key = await engine.authenticate(request.headers, x_api_key=anthropic.x_api_key)
        await engine.authorize(key, request.headers)
        body = await read_body(request.headers, request.receive, engine.settings.max_body_bytes)
        preset = NOTHING
        if MARK in body:
            body, preset = await request.app.state.presets.read(body, messages.endpoint, engine)
        try:
            asked = messages.parse_count(decode(body), request.headers, key)
            tokens = await engine.prompt_tokens(asked, len(body))
        except Rejected as rejected:
            raise Rejected(preset.told(rejected.error), rejected.headers) from None
        return await _json(engine, anthropic, messages.count(tokens), key, body)

    counting = [Route(COUNTING, count_tokens, methods=["POST"])]
    return [
        Route("/v1/models", telling(openai, openai_models, with_key=True)),
        Route("/v1/models/{id:path}", telling(openai, openai_model, with_key=True)),
        Route("/anthropic/v1/models", telling(anthropic, anthropic_models, with_key=False)),
        Route("/anthropic/v1/models/{id:path}", telling(anthropic, anthropic_model, with_key=False)),
        *(counting if engine.settings.count_tokens else []),
        Route("/anthropic", probe),
        Route("/anthropic/api/hello", probe),
        Route("/", welcome),
    ]


_Endpoint = Callable[[Request], Awaitable[Response]]
_Telling = Callable[[Request, LoadedScenario | None], Awaitable[bytes]]


def _as_asked(engine: Engine, request: Request, playing: LoadedScenario | None, *, aliased: bool = False) -> Model:
    """The model that answers to the name in a path, under that name unless it is the model's own."""
    name = request.path_params["id"]
    model = engine.model(name, playing, aliased=aliased)
    own = name == model.id or (aliased and name.replace("--", "/") == model.id)
    return model if own else replace(model, id=name)


async def _json(engine: Engine, surface: Surface, body: bytes, key: str, question: bytes) -> Response:
    response = Response(body, media_type="application/json")
    response.raw_headers += surface.id_headers(*await engine.ids(key, question))
    return response


async def probe(request: Request) -> JSONResponse:
    """GET|HEAD /anthropic: always 200. Newer builds of Claude Code use /anthropic/api/hello instead."""
    return JSONResponse({"status": "ok"})


async def welcome(request: Request) -> Response:
    """GET /: a short description; a browser is led to the console."""
    vary = {"vary": "accept"}
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(f"{request.scope.get('root_path', '')}/_emulator/", 303, vary)
    base = str(request.base_url).rstrip("/")
    return JSONResponse(
        {
            "name": "akashml-emulator",
            "version": __version__,
            "openai_base_url": f"{base}/v1",
            "anthropic_base_url": f"{base}/anthropic",
            "models": f"{base}/anthropic/v1/models",
            "health": f"{base}/_emulator/health",
            "console": f"{base}/_emulator/",
        },
        headers=vary,
    )


def page(models: list[Model], query: Mapping[str, str]) -> tuple[list[Model], bool]:
    """One page of a list, and whether there are more: Anthropic's `limit`, and `after_id` or `before_id`.

    Raises `Rejected` with a 400 for a limit outside 1..1000 and a 404 for an id that is not in the list.
    """
    fields = Fields({name: _number(value) if name == "limit" else value for name, value in query.items()}, wording)
    limit = fields.integer("limit", PAGES) or _PAGE
    if before := fields.string("before_id"):
        rest = models[: _position(models, before)]
        return rest[-limit:], len(rest) > limit
    if after := fields.string("after_id"):
        models = models[_position(models, after) + 1 :]
    return models[:limit], len(models) > limit


def _position(models: list[Model], id: str) -> int:
    catalog = Catalog({model.id: model for model in models})
    model = catalog.get(id, aliased=True)
    if model is None:
        raise Rejected(unknown_model(id, catalog, must_be_known=True))
    return models.index(model)


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.removeprefix("-").isdigit() and len(text) < 20 else text
