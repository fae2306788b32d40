"""Who may ask: three ways to check keys, where a key is looked for, and what those without one are told."""

import logging
from typing import Any

import pytest
from support.asgi import (
    CHAT,
    COMPLETIONS,
    MESSAGES,
    REASONING,
    SAMPLES,
    Exchange,
    ask,
    chat,
    error_of,
    make_engine,
    message,
)

from emulator.account.keys import masked
from emulator.web.app import create_app

COUNT = f"{MESSAGES}/count_tokens"
BODIES = SAMPLES | {COUNT: message()}
LOCKED = [*BODIES, "/v1/models", f"/v1/models/{REASONING}"]
OPEN = [
    *("/anthropic", "/anthropic/v1/models", "/anthropic/v1/models/openai--gpt-oss-20b", "/anthropic/api/hello"),
    *("/", "/_emulator/health", "/_emulator/ready"),
]
NO_KEY = "Missing or invalid Authorization header"
BAD_FORM = "Invalid token format. API keys should start with 'akml-'."


def knock(path: str, headers: dict[str, str], **settings: Any) -> Exchange:
    """A good request with these headers and no others."""
    app = create_app(make_engine(**settings))
    return ask(app, "POST" if path in BODIES else "GET", path, BODIES.get(path), key=None, headers=headers)


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def check_unauthorized(exchange: Exchange, words: str) -> None:
    """A 401 in the shape of its surface: flat on /v1, and exactly so."""
    assert exchange.status == 401
    if exchange.scope["path"].startswith("/anthropic"):
        assert error_of(exchange) == {"type": "authentication_error", "message": words}
    else:
        assert exchange.json == {"error": "Unauthorized", "message": words}


# ---------------------------------------------------------------------------------------------- where a key is


@pytest.mark.parametrize("path", LOCKED)
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_bearer_in_any_case(path: str, scheme: str) -> None:
    """The scheme of Authorization is not case-sensitive, and spaces around the key do not matter."""
    assert knock(path, {"authorization": f"{scheme} akml-1"}).status == 200
    assert knock(path, {"authorization": f"{scheme}   akml-1 "}).status == 200


@pytest.mark.parametrize("path", LOCKED)
def test_x_api_key_counts_only_under_anthropic(path: str) -> None:
    """Anthropic's older SDKs send it; on /v1 it is not looked at."""
    exchange = knock(path, {"x-api-key": "akml-1"})
    if path.startswith("/anthropic"):
        assert exchange.status == 200
    else:
        check_unauthorized(exchange, NO_KEY)


@pytest.mark.parametrize("path", LOCKED)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": "akml-1"},
        {"authorization": "Basic akml-1"},
        {"authorization": "Token akml-1"},
        {"authorization": "Bearerakml-1"},
        {"x-api-key": ""},
        {"api-key": "akml-1"},
    ],
    ids=repr,
)
def test_without_a_key(path: str, headers: dict[str, str]) -> None:
    """No key, or none in a form that is known, is a 401 that says so."""
    check_unauthorized(knock(path, headers), NO_KEY)


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({"authorization": "Bearer akml-1", "x-api-key": "akml-2"}, "akml-1"),
        ({"authorization": "Basic akml-1", "x-api-key": "akml-2"}, "akml-2"),
        ({"authorization": "Bearer ", "x-api-key": " akml-2 "}, "akml-2"),
    ],
)
def test_bearer_comes_before_x_api_key(headers: dict[str, str], key: str) -> None:
    """Claude Code can send both; the key that counts decides the namespace, and so the ids."""
    assert knock(MESSAGES, headers).body == knock(MESSAGES, bearer(key)).body
    assert knock(MESSAGES, headers).body != knock(MESSAGES, bearer("akml-3")).body


@pytest.mark.parametrize("auth", ["format", "open", "strict"])
@pytest.mark.parametrize("path", OPEN)
@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}, {"x-api-key": "wrong"}], ids=repr)
def test_some_paths_need_no_key(path: str, headers: dict[str, str], auth: str) -> None:
    """What AkashML tells everybody is told to everybody, with no key and with a wrong one."""
    assert knock(path, headers, auth=auth).status == 200


# ---------------------------------------------------------------------------------------------- which keys are good


@pytest.mark.parametrize("path", LOCKED)
@pytest.mark.parametrize("key", ["sk-1", "ac.sk.production.1", "AKML-1", "akml", "akml_1", "x akml-1", "é"])
def test_a_key_of_another_form(path: str, key: str) -> None:
    """By default a key has to look like AkashML's, and the 401 says how that is."""
    check_unauthorized(knock(path, bearer(key)), BAD_FORM)


@pytest.mark.parametrize("path", LOCKED)
@pytest.mark.parametrize("headers", [{}, bearer("sk-1"), {"authorization": "Basic x"}, {"x-api-key": "x"}], ids=repr)
def test_an_open_server_takes_anybody(path: str, headers: dict[str, str]) -> None:
    """With open auth any key will do, and none."""
    assert knock(path, headers, auth="open").status == 200


@pytest.mark.parametrize("path", LOCKED)
def test_a_strict_server_takes_only_its_keys(path: str) -> None:
    """With strict auth a key has to be one of those that are configured, letter by letter, whatever it looks like."""
    keys = ("akml-1", "secret")
    for key in keys:
        assert knock(path, bearer(key), auth="strict", keys=keys).status == 200
    for key in ("akml-2", "AKML-1", "akml-11", "Secret"):
        check_unauthorized(knock(path, bearer(key), auth="strict", keys=keys), "Invalid API key.")
    check_unauthorized(knock(path, {}, auth="strict", keys=keys), NO_KEY)
    check_unauthorized(knock(path, bearer("akml-1"), auth="strict"), "Invalid API key.")


def test_those_without_a_key_share_a_namespace() -> None:
    """Under open auth nobody in particular is somebody: the second request is the second."""
    app = create_app(make_engine(auth="open"))
    first, second = (ask(app, "POST", CHAT, chat(), key=None) for _ in range(2))
    assert first.json["id"] != second.json["id"]


# ---------------------------------------------------------------------------------------------- how it is told


@pytest.mark.parametrize("path", [CHAT, "/v1/models"])
def test_a_401_can_have_openais_shape(path: str) -> None:
    """The setting is for clients that expect an object in `error`."""
    exchange = knock(path, {}, auth_error_shape="openai")
    assert error_of(exchange) == {
        "message": NO_KEY,
        "type": "invalid_request_error",
        "param": None,
        "code": "invalid_api_key",
    }


@pytest.mark.parametrize(
    ("method", "path", "body", "title"),
    [
        ("POST", CHAT, b"{", "Bad Request"),
        ("POST", CHAT, chat() | {"model": "x"}, "Not Found"),
        ("GET", "/v1/nothing", None, "Not Found"),
        ("GET", COMPLETIONS, None, "Method Not Allowed"),
        ("POST", COMPLETIONS, b" " * 1000, "Payload Too Large"),
    ],
)
def test_every_error_on_v1_can_be_flat(method: str, path: str, body: Any, title: str) -> None:
    """The gateway's shape may well be that of all its errors; a setting makes it so, and the words stay the same."""
    flat, usual = (
        ask(create_app(make_engine(error_shape=shape, max_body_bytes=500)), method, path, body)
        for shape in ("flat", "openai")
    )
    assert error_of(flat, flat=True) == {"error": title, "message": error_of(usual)["message"]}
    assert flat.status == usual.status


def test_a_flat_shape_is_not_anthropics() -> None:
    """The settings are about /v1; under /anthropic there is one shape."""
    check_unauthorized(knock(MESSAGES, {}, error_shape="flat", auth_error_shape="flat"), NO_KEY)


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("akml-0123456789abcdef0123456789abcdef", "akml-0123…"),
        ("sk-proj-0123456789", "sk-proj-0…"),
        ("short", "s…"),
        ("ab", "…"),
        ("akml-secret", "akm…"),
    ],
)
def test_a_key_is_shown_masked(key: str, shown: str) -> None:
    """Enough to tell keys apart, and at most a third of a short one."""
    assert masked(key) == shown


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
@pytest.mark.parametrize("headers", [bearer("akml-0123456789abcdef"), bearer("wrong-0123456789abcdef")], ids=repr)
def test_the_log_never_has_a_whole_key(path: str, headers: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    """A log is shown around; keys are not."""
    with caplog.at_level(logging.DEBUG, "emulator"):
        knock(path, headers)
    assert [record.name for record in caplog.records] == ["emulator"]
    assert "0123456789abcdef" not in caplog.text
