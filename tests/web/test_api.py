"""The API's surface in process: routes, CORS, sizes, ids, the order of the checks, and the same bytes every time."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.types import ASGIApp
from support.asgi import (
    CHAT,
    COMPLETIONS,
    MESSAGES,
    PLAIN,
    REASONING,
    SAMPLES,
    STREAMED,
    Exchange,
    ask,
    chat,
    completion,
    error_of,
    events,
    get,
    make_engine,
    message,
    post,
)

from emulator.core.catalog import Catalog
from emulator.core.clock import EPOCH, VirtualClock, http_date
from emulator.core.plan import Plan
from emulator.core.vocabulary import Event, InferenceRequest, Start, Step
from emulator.dialects.decoding import decode
from emulator.dialects.endpoints import ENDPOINTS
from emulator.web.app import create_app

COUNT = f"{MESSAGES}/count_tokens"
FLAG = "Start the emulator with --any-model to have other names answered."
MODELS, MODEL = "/v1/models", f"/v1/models/{REASONING}"
LISTED, LISTED_MODEL = "/anthropic/v1/models", "/anthropic/v1/models/zai-org--GLM-5.3"
BODIES = SAMPLES | {COUNT: message()}
GETS = [MODELS, MODEL, LISTED, LISTED_MODEL, "/anthropic", "/anthropic/api/hello", "/", "/_emulator/health"]
UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def new_app(**settings: Any) -> ASGIApp:
    return create_app(make_engine(**settings))


def said(exchange: Exchange) -> list[Event]:
    """What was answered, without its ids."""
    (endpoint,) = (row for row in ENDPOINTS.values() if row.path == exchange.scope["path"])
    return [event for event in decode(endpoint.decoder(), exchange.body) if not isinstance(event, Start)]


# ---------------------------------------------------------------------------------------------- routes


@pytest.mark.parametrize("path", GETS)
@pytest.mark.parametrize("ending", ["", "/", "//", "?beta=true", "/?x=1&y=%2F"])
def test_a_path_is_found_with_a_slash_and_a_query(path: str, ending: str) -> None:
    """A trailing slash and a query string make no difference."""
    assert get(path + ending).status == 200


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("ending", ["/", "?beta=true", "/?beta=true"])
def test_an_inference_is_found_with_a_slash_and_a_query(path: str, ending: str) -> None:
    """A trailing slash and a query string change nothing, not even the bytes."""
    assert post(path + ending, BODIES[path]).body == post(path, BODIES[path]).body


@pytest.mark.parametrize("path", GETS)
def test_head_is_answered_wherever_get_is(path: str) -> None:
    """HEAD has the status and the headers of GET."""
    head, got = get(path, method="HEAD"), get(path)
    assert (head.status, head.headers) == (200, got.headers)


@pytest.mark.parametrize("path", ["/anthropic", "/anthropic/", "/anthropic/api/hello"])
def test_the_probe_says_ok(path: str) -> None:
    """Claude Code asks this first, without a key and before anything else."""
    assert get(path, key=None).json == {"status": "ok"}


def test_the_root_says_what_this_is() -> None:
    """Whoever opens the address in a browser finds the base URLs to use."""
    told = get("/", key=None).json
    assert (told["openai_base_url"], told["anthropic_base_url"]) == (
        "http://127.0.0.1:8402/v1",
        "http://127.0.0.1:8402/anthropic",
    )


def test_the_emulator_tells_its_health() -> None:
    """Health and readiness need no key."""
    assert get("/_emulator/health", key=None).json["status"] == "ok"
    assert (
        get("/_emulator/ready", key=None).json.items()
        >= {"status": "ready", "models": len(Catalog.load().models)}.items()
    )


@pytest.mark.parametrize(
    "steps", [[{"set": "9999-12-31T23:59:59Z"}], [{"set": "9998-12-31T23:59:59Z"}, {"advance": 5}]]
)
def test_the_clock_stays_where_dates_can_be_written(steps: list[dict[str, Any]]) -> None:
    """A year of five digits would make every later answer fail: it has no Date."""
    app = new_app()
    moved = [ask(app, "POST", "/_emulator/clock", step).status for step in steps]
    assert moved == [200] * (len(steps) - 1) + [400]
    assert ask(app, "POST", CHAT, chat()).status == 200


@pytest.mark.parametrize(
    ("method", "path", "hint"),
    [
        ("POST", "/v1/chat/completion", "Did you mean /v1/chat/completions?"),
        ("POST", "/chat/completions", "Did you mean /v1/chat/completions?"),
        ("POST", "/v1/v1/chat/completions", "Did you mean /v1/chat/completions?"),
        ("POST", "/anthropic/messages", "Did you mean /anthropic/v1/messages?"),
        ("POST", "/v1/messages", "Did you mean /anthropic/v1/messages?"),
        ("POST", "/v1/horoscopes", "There is no POST /v1/horoscopes here."),
        ("POST", "/v1/images/generations", ""),
        ("POST", "/v1/moderations", ""),
        ("GET", "/v1/batches", ""),
        ("POST", "/anthropic/v1/messages/batches", ""),
        ("GET", "/v1", ""),
        ("GET", "/anthropics", ""),
        ("GET", "/V1/models", ""),
        ("GET", "/_emulator/nothing", ""),
        ("BREW", "/coffee", "There is no BREW /coffee here."),
    ],
)
def test_an_unknown_path_is_404(method: str, path: str, hint: str) -> None:
    """It has the error shape of the surface it is under, and names the nearest path there is."""
    exchange = get(path, method=method, key=None)
    error = error_of(exchange)
    assert (exchange.status, hint in error["message"]) == (404, True), error
    anthropic = path.startswith("/anthropic/")
    assert (error["type"], error.get("code")) == (
        ("not_found_error", None) if anthropic else ("invalid_request_error", "not_found")
    )


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        *((method, path, "POST") for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH") for path in BODIES),
        *((method, path, "GET, HEAD") for method in ("POST", "DELETE", "BREW") for path in GETS),
    ],
)
def test_a_wrong_method_is_405(method: str, path: str, allowed: str) -> None:
    """It has the shape of its surface and says which methods there are, in the same order everywhere."""
    exchange = get(path, method=method, key=None)
    error = error_of(exchange)
    assert (exchange.status, exchange.headers["allow"]) == (405, allowed)
    assert (error["type"], error.get("code", "method_not_allowed")) == ("invalid_request_error", "method_not_allowed")
    assert error["message"] == f"{method} is not allowed on {path}. Allowed: {allowed}."


def test_count_tokens_can_be_switched_off() -> None:
    """With the setting the endpoint is a 404, as it may be at AkashML."""
    exchange = post(COUNT, message(), count_tokens=False)
    assert (exchange.status, error_of(exchange)["type"]) == (404, "not_found_error")


# ---------------------------------------------------------------------------------------------- browsers

BROWSER = {"origin": "https://example.com"}
PREFLIGHT = BROWSER | {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type,x-stainless-os",
}


@pytest.mark.parametrize("path", [*BODIES, *(path for path in GETS if not path.startswith("/_emulator"))])
def test_a_preflight_is_allowed(path: str) -> None:
    """A browser may send any method and any header from anywhere, and is told so without a key."""
    exchange = get(path, method="OPTIONS", key=None, headers=PREFLIGHT)
    assert (exchange.status, exchange.headers["access-control-allow-origin"]) == (200, "*")
    assert "POST" in exchange.headers["access-control-allow-methods"]
    assert "x-stainless-os" in exchange.headers["access-control-allow-headers"]


@pytest.mark.parametrize(("path", "allowed"), [(CHAT, "POST"), (MODELS, "GET, HEAD"), (COUNT, "POST")])
def test_options_without_an_origin_tells_the_methods(path: str, allowed: str) -> None:
    """OPTIONS of a client that is no browser is answered as HTTP has it."""
    exchange = get(path, method="OPTIONS", key=None)
    assert (exchange.status, exchange.headers["allow"], exchange.body) == (204, allowed, b"")


@pytest.mark.parametrize("path", BODIES)
def test_a_browser_gets_the_same_bytes(path: str) -> None:
    """An origin adds the CORS headers and changes nothing else; the ids are readable for scripts."""
    plain, browser = post(path, BODIES[path]), post(path, BODIES[path], headers=BROWSER)
    assert browser.body == plain.body
    assert browser.headers["access-control-allow-origin"] == "*"
    shown = browser.headers["access-control-expose-headers"].split(", ")
    assert {"inference-id", "request-id", "x-request-id", "retry-after"} <= set(shown)
    assert {name: browser.headers[name] for name in plain.headers} == plain.headers


def test_a_browser_is_told_errors_too() -> None:
    """An error without CORS headers would be unreadable for a script."""
    for exchange in (post(CHAT, {}, headers=BROWSER), post(CHAT, {}, key=None, headers=BROWSER)):
        assert exchange.status in (400, 401)
        assert exchange.headers["access-control-allow-origin"] == "*"


def test_a_stream_reaches_a_browser() -> None:
    """Streams pass the CORS headers' middleware unchanged."""
    plain, browser = post(CHAT, chat(stream=True)), post(CHAT, chat(stream=True), headers=BROWSER)
    assert (browser.body, browser.headers["access-control-allow-origin"]) == (plain.body, "*")


# ---------------------------------------------------------------------------------------------- sizes

LIMIT = 500


def padded(path: str, size: int) -> bytes:
    """A good body of exactly so many bytes."""
    body = json.dumps(BODIES[path]).encode()
    return body + b" " * (size - len(body))


def chunked(body: bytes) -> list[bytes]:
    return [body[at : at + 100] for at in range(0, len(body), 100)]


@pytest.mark.parametrize("path", BODIES)
def test_a_body_of_the_limit_is_read(path: str) -> None:
    """The limit itself is allowed, in one piece and in chunks without a Content-Length."""
    body = padded(path, LIMIT)
    assert post(path, body, max_body_bytes=LIMIT).status == 200
    assert post(path, chunked(body), max_body_bytes=LIMIT).status == 200


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("how", ["announced", "whole", "chunked", "chunked, and more to come"])
def test_a_larger_body_is_413(path: str, how: str) -> None:
    """It is refused, and the connection is closed."""
    body: Any = padded(path, LIMIT + 1)
    headers = {"content-length": str(LIMIT + 1)} if how == "announced" else {"content-length": ""}
    if how == "announced":
        body = b"{}"
    elif how.startswith("chunked"):
        body = chunked(body if how == "chunked" else body * 1000)
    exchange = post(path, body, headers=headers, max_body_bytes=LIMIT)
    error = error_of(exchange)
    assert (exchange.status, exchange.headers["connection"]) == (413, "close")
    assert error["message"] == "Request too large: the body is over the limit of 500 bytes."
    assert error["type"] == ("request_too_large" if path.startswith("/anthropic") else "invalid_request_error")
    assert error.get("code", "request_too_large") == "request_too_large"


def test_what_is_too_much_is_read_so_that_the_client_hears_of_it() -> None:
    """A client that is still sending would see a reset instead of the 413; what it sends is thrown away."""
    exchange = Exchange(new_app(max_body_bytes=LIMIT), "POST", CHAT, [b"x" * 300] * 50)
    asyncio.run(exchange.run())
    assert (exchange.status, len(exchange.unread)) == (413, 0)


def test_a_client_that_waits_for_leave_is_told_at_once() -> None:
    """With Expect: 100-continue nothing of a body that is announced too large is read."""
    headers = {"expect": "100-continue", "content-length": "100000"}
    exchange = Exchange(new_app(max_body_bytes=LIMIT), "POST", CHAT, [b"x" * 300] * 50, headers=headers)
    asyncio.run(exchange.run())
    assert (exchange.status, len(exchange.unread)) == (413, 50)


@pytest.mark.parametrize("announced", ["", "abc", "-1", "1e9", "٣", "0" * 5000])
def test_a_strange_announcement_is_not_believed(announced: str) -> None:
    """The bytes that come decide, whatever Content-Length says of them."""
    headers = {"content-length": announced.encode().decode("latin-1")}
    assert post(CHAT, chat(), headers=headers, max_body_bytes=LIMIT).status == 200


# ---------------------------------------------------------------------------------------------- ids


@pytest.mark.parametrize(
    ("method", "path", "body", "key"),
    [
        *(("POST", path, body, "akml-test") for path, body in BODIES.items()),
        *(("POST", path, {**body, "stream": True}, "akml-test") for path, body in BODIES.items()),
        *(("POST", path, {}, "akml-test") for path in BODIES),
        *(("POST", path, b"{", "akml-test") for path in BODIES),
        *(("POST", path, body, "wrong") for path, body in BODIES.items()),
        *(("POST", path, {**body, "model": "nobody"}, "akml-test") for path, body in BODIES.items()),
        *(("GET", path, None, "akml-test") for path in (MODELS, MODEL, LISTED, LISTED_MODEL, CHAT, MESSAGES, "/x")),
        *(("GET", path, None, "akml-test") for path in ("/anthropic/x", "/v1/models/x", "/anthropic/v1/models/x")),
    ],
)
def test_every_answer_has_its_ids(method: str, path: str, body: Any, key: str) -> None:
    """Inference-Id is a version 4 UUID; the request id is in the header that the surface's SDKs read."""
    exchange = ask(new_app(), method, path, body, key=key)
    name, other = ("request-id", "x-request-id") if path.startswith("/anthropic") else ("x-request-id", "request-id")
    assert UUID4.fullmatch(exchange.headers["inference-id"])
    assert re.fullmatch(r"req_[0-9A-Za-z]{24}", exchange.headers[name])
    assert other not in exchange.headers


@pytest.mark.parametrize("path", ["/anthropic", "/anthropic/api/hello", "/", "/_emulator/health"])
def test_what_needs_no_key_and_no_model_has_no_ids(path: str) -> None:
    """The probes are not inferences."""
    assert not {"inference-id", "request-id", "x-request-id"} & set(get(path).headers)


@pytest.mark.parametrize("path", [*BODIES, *GETS, "/nowhere"])
def test_the_date_is_the_emulators(path: str) -> None:
    """The Date header is told by the same clock as everything else."""
    exchange = ask(new_app(clock=VirtualClock(EPOCH + 90, rate=0)), "POST", path, BODIES.get(path))
    assert exchange.headers["date"] == http_date(int(EPOCH) + 90).decode()


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        (CHAT, r"chatcmpl-[0-9a-f]{32}"),
        (COMPLETIONS, r"cmpl-[0-9a-f]{32}"),
        (MESSAGES, r"msg_01[0-9A-Za-z]{22}"),
    ],
)
def test_an_answers_id_has_the_form_of_its_endpoint(path: str, pattern: str) -> None:
    """Clients tell the kinds of objects by the prefixes of their ids."""
    assert re.fullmatch(pattern, post(path, BODIES[path]).json["id"])


# ---------------------------------------------------------------------------------------------- models in requests


@pytest.mark.parametrize("path", [MESSAGES, COUNT])
@pytest.mark.parametrize("model", ["zai-org--GLM-5.3", "zai-org/GLM-5.3", "meta-llama--Llama-3.3-70B-Instruct"])
def test_both_forms_of_an_id_are_known_under_anthropic(path: str, model: str) -> None:
    """An id and its alias name the same model."""
    assert post(path, message(model=model)).status == 200


@pytest.mark.parametrize("path", [CHAT, COMPLETIONS])
def test_an_alias_can_be_unknown_under_v1(path: str) -> None:
    """With the setting, only ids with slashes are known there; the id that was meant is named."""
    error = error_of(post(path, BODIES[path] | {"model": "zai-org--GLM-5.3"}, v1_model_ids="slashed"))
    told = "The model 'zai-org--GLM-5.3' does not exist. Did you mean 'zai-org/GLM-5.3'?"
    assert error["message"] == f"{told} {FLAG}"


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(
    ("model", "hint"),
    [
        ("zai-org/GLM-5.2", " Did you mean 'zai-org/GLM-5.3'?"),
        ("zai-org/glm-5.3", " Did you mean 'zai-org/GLM-5.3'?"),
        ("gpt-oss-120b", " Did you mean 'openai/gpt-oss-120b'?"),
        ("zzzz", ""),
        (" ", ""),
    ],
)
def test_an_unknown_model_is_404(path: str, model: str, hint: str) -> None:
    """Case matters; the nearest model is named, and the flag with which other names are answered."""
    exchange = post(path, BODIES[path] | {"model": model})
    error = error_of(exchange)
    assert (exchange.status, error["message"]) == (404, f"The model '{model}' does not exist.{hint} {FLAG}")
    if path.startswith("/anthropic"):
        assert error["type"] == "not_found_error"
    else:
        assert (error["type"], error["code"], error["param"]) == ("invalid_request_error", "model_not_found", "model")


def test_a_very_long_name_of_a_model_is_shown_in_part() -> None:
    """An error does not send a megabyte back."""
    exchange = post(CHAT, chat() | {"model": "x" * 1_000_000})
    assert (exchange.status, len(exchange.body) < 400) == (404, True)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("sent", ["zai-org--GLM-5.3", "zai-org/GLM-5.3"])
def test_the_model_of_an_answer_is_the_one_that_was_sent(sent: str, stream: bool) -> None:
    """The name is echoed as it was written, or by a setting is the catalogue's id."""
    body = message(model=sent, stream=stream)
    assert model_of(post(MESSAGES, body)) == sent
    assert model_of(post(MESSAGES, body, model_name="catalogue")) == "zai-org/GLM-5.3"


def model_of(exchange: Exchange) -> Any:
    if exchange.headers["content-type"] == "application/json":
        return exchange.json["model"]
    return events(exchange.body)[0]["message"]["model"]


# ---------------------------------------------------------------------------------------------- the order of the checks

SHORT = {PLAIN: {"context_length": 1000, "max_output_length": 1000}}
"""A model with a context that is soon full."""
BAD_JSON = b"{" + b" " * 2000
ORDER: list[tuple[str, dict[str, Any], int]] = [
    ("a path", {"method": "GET", "path": "/v1/nothing", "key": "wrong", "body": BAD_JSON}, 404),
    ("a method", {"method": "PUT", "key": "wrong", "body": BAD_JSON}, 405),
    ("a key", {"key": "wrong", "body": BAD_JSON}, 401),
    ("the size", {"body": BAD_JSON}, 413),
    ("JSON", {"body": b"{"}, 400),
    ("a field", {"body": {"model": "nobody", "stream": "yes"}}, 400),
    ("the model", {"body": {"model": "nobody", "max_tokens": 900}}, 404),
    ("the context", {"body": {"max_tokens": 900}}, 400),
    ("nothing", {"body": {}}, 200),
]
"""Each request has the mistake that it is named for, and most of those that are looked for later."""


@pytest.mark.parametrize("path", [CHAT, MESSAGES, COMPLETIONS])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("wrong", "given", "status"), ORDER, ids=[wrong for wrong, _, _ in ORDER])
def test_the_first_mistake_decides(path: str, stream: bool, wrong: str, given: dict[str, Any], status: int) -> None:
    """Path, method, key, size, JSON and fields, model, context: in this order, and never as a stream."""
    app = new_app(models=SHORT, max_body_bytes=1500)
    long = "word " * 200
    body = {CHAT: chat(long), COMPLETIONS: completion(long), MESSAGES: message(long)}[path] | {"stream": stream}
    content = body | given["body"] if isinstance(given["body"], dict) else given["body"]
    exchange = ask(
        app, given.get("method", "POST"), given.get("path", path), content, key=given.get("key", "akml-test")
    )
    assert exchange.status == status, exchange.body
    if status != 200:
        assert exchange.headers["content-type"] == "application/json"


def test_an_overflow_is_told_in_each_surfaces_words() -> None:
    """Clients recover from it by matching on these words."""
    long = "word " * 3000
    told = error_of(post(CHAT, chat(long), models=SHORT))
    assert told["message"].startswith("This model's maximum context length is 1000 tokens. However, you requested ")
    assert (told["code"], told["type"], told["param"]) == (400, "BadRequestError", "input_tokens")
    told = error_of(post(CHAT, chat(long), models=SHORT, overflow_error="openai"))
    assert told["message"].startswith("This model's maximum context length is 1000 tokens. However, you requested ")
    assert (told["code"], told["type"]) == ("context_length_exceeded", "invalid_request_error")
    assert told["param"] == "messages"
    told = error_of(post(MESSAGES, message(long), models=SHORT))
    assert re.fullmatch(r"prompt is too long: \d{4} tokens > 1000 maximum", told["message"])
    told = error_of(post(MESSAGES, message("word " * 700, max_tokens=400), models=SHORT))
    assert re.match(r"input length and `max_tokens` exceed context limit: \d{3} \+ 400 > 1000, ", told["message"])


# ---------------------------------------------------------------------------------------------- the same every time


@pytest.mark.parametrize("path", STREAMED)
@pytest.mark.parametrize("stream", [False, True])
def test_two_servers_answer_with_the_same_bytes(path: str, stream: bool) -> None:
    """Body and headers, ids and times included, are those of any other server with the same seed."""
    body = BODIES[path] | {"model": REASONING, "stream": stream}
    one, other = post(path, body), post(path, body)
    assert (one.body, one.headers, one.sends) == (other.body, other.headers, other.sends)
    assert post(path, body, seed="other").body != one.body


@pytest.mark.parametrize("path", STREAMED)
def test_asking_again_gives_the_same_words_and_other_ids(path: str) -> None:
    """The same request is a new inference each time."""
    app = new_app()
    first, second = (ask(app, "POST", path, BODIES[path]) for _ in range(2))
    assert said(first) == said(second)
    assert first.json["id"] != second.json["id"]
    assert first.headers["inference-id"] != second.headers["inference-id"]


@pytest.mark.parametrize("path", STREAMED)
def test_what_others_ask_in_between_changes_nothing(path: str) -> None:
    """The nth time of a request has the same bytes, whatever else and whoever else was answered before."""
    quiet, busy = new_app(), new_app()
    for turn in range(3):
        for other in (*BODIES, "/nowhere"):
            ask(busy, "POST", other, BODIES.get(other, {}) | {"user": f"other {turn}", "metadata": {}})
            ask(busy, "POST", other, BODIES.get(other), key="akml-other")
        ask(busy, "GET", MODELS)
        one, same = (ask(app, "POST", path, BODIES[path] | {"seed": 5}) for app in (quiet, busy))
        assert (one.body, one.headers) == (same.body, same.headers)


def test_requests_at_the_same_time_do_not_mix() -> None:
    """Fifty at once, in any order, have together the bytes that they have alone."""
    app = new_app()
    bodies = [chat(f"Question {number}.", stream=bool(number % 2)) for number in range(50)]

    async def together() -> list[Exchange]:
        return list(await asyncio.gather(*(Exchange(app, "POST", CHAT, body).run() for body in reversed(bodies))))

    alone = [post(CHAT, body).body for body in bodies]
    assert [exchange.body for exchange in reversed(asyncio.run(together()))] == alone


def test_another_key_has_other_ids_and_the_same_words() -> None:
    """A key is a namespace: what others have asked under theirs does not count."""
    app = new_app()
    one, other = (ask(app, "POST", CHAT, chat(), key=key) for key in ("akml-one", "akml-other"))
    assert (said(one), one.json["id"] != other.json["id"]) == (said(other), True)
    assert other.body == post(CHAT, chat(), key="akml-other").body


def test_the_order_of_the_keys_is_no_difference() -> None:
    """The same JSON is the same request, however it is written."""
    body = chat(temperature=0.5, seed=3)
    turned = dict(reversed(list(body.items())))
    spaced = json.dumps(turned, indent=3).encode()
    assert post(CHAT, body).body == post(CHAT, turned).body == post(CHAT, spaced).body


def test_a_stream_has_the_ids_of_the_whole_body() -> None:
    """Streaming is another way to tell the same answer."""
    whole, stream = post(CHAT, chat()), post(CHAT, chat(stream=True))
    assert whole.json["id"] == events(stream.body)[0]["id"]
    assert whole.headers["inference-id"] == stream.headers["inference-id"]


def test_the_time_of_an_answer_is_the_clocks() -> None:
    """`created` moves with the clock, and the ids do not."""
    early, late = (post(CHAT, chat(), clock=VirtualClock(EPOCH + at, rate=0)) for at in (0, 1000.9))
    assert (early.json["created"], late.json["created"]) == (int(EPOCH), int(EPOCH) + 1000)
    assert early.json["id"] == late.json["id"]


# ---------------------------------------------------------------------------------------------- our own mistakes


def _broken_steps() -> Iterator[Step]:
    yield Step(0.0, Start("id", "model", 0, 3))
    raise ZeroDivisionError


async def _no_plan(request: InferenceRequest, length: int = 0) -> Plan:
    raise ZeroDivisionError


async def _broken_plan(request: InferenceRequest, length: int = 0) -> Plan:
    return Plan(_broken_steps(), "test", "inference", "req_1")


@pytest.mark.parametrize("plan", [_no_plan, _broken_plan])
@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_a_mistake_of_the_emulator_is_a_500_that_says_so(
    path: str, plan: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """It has the surface's shape and asks for a report, also if the answer was begun; the log has the traceback."""
    engine = make_engine()
    engine.plan = plan  # type: ignore[method-assign] # a mistake
    exchange = ask(create_app(engine), "POST", path, BODIES[path])
    assert (exchange.status, error_of(exchange)["message"]) == (
        500,
        "The emulator itself failed (ZeroDivisionError). Please report it with the log's traceback.",
    )
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("path", [MODEL, LISTED_MODEL])
def test_a_mistake_beside_the_inferences_is_a_500_too(path: str) -> None:
    """It is told to the client in its surface's shape, and goes on to the server, whose log has the traceback."""
    engine = make_engine()
    engine.model = lambda *_, **__: 1 / 0  # type: ignore[assignment,method-assign] # a mistake
    exchange = Exchange(create_app(engine), "GET", path)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(exchange.run())
    assert (exchange.status, "ZeroDivisionError" in error_of(exchange)["message"]) == (500, True)


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/responses/", "/v1/responses?stream=true"])
def test_the_api_that_newer_clients_default_to_leads_to_the_one_that_exists(path: str) -> None:
    """A 404 names /v1/chat/completions, and the request is in the record with these words."""
    app = new_app()
    exchange = ask(app, "POST", path, {"model": PLAIN, "input": "Hi", "stream": True})
    message = error_of(exchange)["message"]
    assert (exchange.status, message.endswith("Did you mean /v1/chat/completions?")) == (404, True)
    (recorded,) = ask(app, "GET", "/_emulator/inferences", key=None).json["inferences"]
    assert (recorded["status"], recorded["model"], recorded["message"]) == (404, PLAIN, message)
