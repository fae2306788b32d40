"""From what was noted of an inference to what people read: decoded, priced, and without secrets."""

from typing import Any

import msgspec

from emulator.account.keys import masked
from emulator.account.prices import tariff, usd
from emulator.account.registry import fingerprint
from emulator.account.secrets import header_without, secrets_of, without
from emulator.core import retry_after
from emulator.core.catalog import Pricing
from emulator.core.fields import NOT_JSON
from emulator.core.vocabulary import Usage
from emulator.inferences.inference import Inference, Moment
from emulator.inferences.live_record import MAX_RESPONSE, LiveRecord, fingerprint_of


def readable(noted: LiveRecord) -> Inference:
    """The inference as far as it has come."""
    told = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in noted.head]
    secrets = secrets_of([*noted.headers.items(), *told])
    model = _model_of(noted.body) if noted.model is None else noted.model
    response = b"".join(noted.parts)
    shown = response.decode(errors="replace")
    wait = dict(told).get("retry-after", "")
    return Inference(
        number=noted.number,
        id=noted.id,
        key=noted.shown or (masked(noted.key) if noted.key else ""),
        namespace=fingerprint(noted.key) if noted.key else "",
        endpoint=noted.endpoint,
        model=None if model is None else without(model, secrets),
        stream=noted.stream,
        headers={name: header_without(name, value, secrets) for name, value in noted.headers.items()},
        body=without(noted.body.decode(errors="replace"), secrets),
        body_cut=noted.body_cut,
        question=noted.question or fingerprint_of(noted.endpoint, noted.body or _length(noted)),
        answered_by=noted.answered_by,
        outcome=noted.outcome,
        status=noted.status,
        started=noted.started,
        ended=noted.ended,
        error=noted.error.kind if noted.error else None,
        message=without(noted.error.message, secrets) if noted.error else None,
        retry_after=retry_after.read(wait, noted.ended or noted.started) if noted.status >= 400 else None,
        first_byte=noted.timeline[0][0] if noted.timeline else None,
        timeline=tuple(Moment(at, size) for at, size in noted.timeline),
        response_headers=tuple((name, header_without(name, value, secrets)) for name, value in told),
        response=without(shown, secrets),
        complete=noted.complete,
        response_cut=noted.length > MAX_RESPONSE,
        response_lossy=shown.encode() != response,
        usage=noted.used,
        charge=_price(noted.pricing, noted.used),
    )


def _length(noted: LiveRecord) -> bytes:
    """How long a body is that was refused unread: different ones mostly differ in that."""
    return noted.headers.get("content-length", "").encode()


def _model_of(body: bytes) -> str | None:
    """The model that a request names which was refused before anybody read it."""
    try:
        told: Any = msgspec.json.decode(body)
    except NOT_JSON:
        return None
    model = told.get("model") if isinstance(told, dict) else None
    return model if isinstance(model, str) else None


def _price(pricing: Pricing | None, used: Usage | None) -> str | None:
    if pricing is None or used is None:
        return None
    return usd(tariff(pricing).price(used.prompt_tokens, used.cached_tokens, used.completion_tokens))
