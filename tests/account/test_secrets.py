"""Secrets: which headers carry them, and how they are found in texts."""

import json
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from emulator.account.secrets import carries_secret, header_without, secrets_of, starred, starred_in, without

TOKENS = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=24, max_size=40)


@pytest.mark.parametrize(
    "name",
    [
        *("authorization", "Proxy-Authorization", "x-forwarded-authorization", "x-auth", "X-Auth-User", "x-auth-token"),
        *("cookie", "Set-Cookie", "x-session", "x-session-id", "x-jwt", "x-goog-iap-jwt-assertion", "x-password"),
        *("x-api-key", "api_key", "openai-key", "idempotency-key", "client-secret"),
        *("x-amz-signature", "x-amz-security-token"),
    ],
)
def test_a_header_for_a_secret_is_known_by_its_name(name: str) -> None:
    """Whatever service it belongs to, and however its name is spelled."""
    assert carries_secret(name)
    assert header_without(name, "Bearer 0123456789abcdef", []) == "Bearer 012345678…"


@pytest.mark.parametrize(
    "name",
    [
        *("accept", "content-type", "www-authenticate", "proxy-authenticate", "authority", "author", "retry-after"),
        *("x-ratelimit-limit-tokens", "anthropic-ratelimit-tokens-remaining", "anthropic-version", "x-request-id"),
    ],
)
def test_other_headers_are_shown(name: str) -> None:
    """Limits that count tokens, and challenges, are no secrets."""
    assert header_without(name, "Bearer 60000 of 90000", []) == "Bearer 60000 of 90000"


@pytest.mark.parametrize(
    ("name", "value", "secrets"),
    [
        ("authorization", "Bearer akml-0123456789", ["akml-0123456789"]),
        ("authorization", "bare-secret", ["bare-secret"]),
        ("authorization", "Basic dXNlcjpwYXNz", ["dXNlcjpwYXNz"]),
        ("authorization", "Bearer", []),
        ("x-api-key", "short", []),
        ("x-api-key", "two secret words", ["two secret words", "secret"]),
        ("cookie", "session=abcdefgh; theme=dark", ["abcdefgh"]),
        ("set-cookie", "id=abcdefgh; Path=/anthropic; Domain=example.com; HttpOnly", ["abcdefgh"]),
        ("cookie", "lonely-value", ["lonely-value"]),
        ("x-api-key", 'a"quoted"\\key', ['a\\"quoted\\"\\\\key', 'a"quoted"\\key', "quoted"]),
        ("x-api-key", "clé-secrète", ["cl\\u00e9-secr\\u00e8te", "clé-secrète"]),
        ("accept", "text/event-stream", []),
    ],
)
def test_the_secrets_of_a_header(name: str, value: str, secrets: list[str]) -> None:
    """The credentials without their scheme, a cookie's value without its name, and each as JSON spells it."""
    assert secrets_of([(name, value)]) == secrets


@pytest.mark.parametrize("prefix", ["akml-", "sk-", "sk-proj-", "ac.sk.", "Bearer ", "bearer%20", "BEARER\n"])
@given(token=TOKENS, before=st.text(max_size=5).filter(lambda text: not re.search(r"\w\Z", text)), after=st.text())
def test_what_looks_secret_is_masked_wherever_it_stands(prefix: str, token: str, before: str, after: str) -> None:
    """In a text, in its JSON, and in the bytes of either; stars are as many as the bytes that they replace."""
    assume(token not in after)
    text = f"{before}{prefix}{token} {after}"
    for written in (text, json.dumps(text), json.dumps({"a": [text]}, ensure_ascii=False)):
        assert token not in without(written)
        data = written.encode("utf-8", "surrogatepass")
        assert token.encode() not in starred(data)
        assert len(starred(data)) == len(data)
    assert token not in json.dumps(starred_in({"a": [text, 1, None]}))


@given(st.text(min_size=6), st.text(max_size=20), st.binary(max_size=20))
def test_a_known_secret_is_masked_in_any_bytes(secret: str, before: str, after: bytes) -> None:
    """Whatever surrounds it, text or not, and whether it is written as JSON or not."""
    secrets = secrets_of([("x-api-key", secret)])
    for form in {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}:
        data = before.encode() + form.encode() + after
        hidden = starred(data, secrets)
        assert len(hidden) == len(data)
        assert secret.strip() == "" or len(secret.strip()) < 6 or form.strip().encode() not in hidden


@given(st.text(), st.text())
def test_masking_is_done_once(text: str, key: str) -> None:
    """A text that was masked has nothing left to mask."""
    secrets = secrets_of([("x-api-key", f"akml-{key}")])
    for once in (without(f"{text} akml-{key}"), without(text, secrets)):
        assert without(once) == once
