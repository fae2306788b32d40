"""From what was noted of an inference to what people read: decoded, priced, and without secrets."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
from msgspec.structs import replace

from emulator.account.keys import fingerprint
from emulator.account.prices import tariff, usd
from emulator.account.secrets import header_without, secrets_of, without
from emulator.core import retry_after
from emulator.core.catalog import Model
from emulator.core.explanation import Explanation, RuleCheck
from emulator.core.fields import NOT_JSON
from emulator.core.vocabulary import Usage
from emulator.inferences import fingerprints
from emulator.inferences.inference import Inference, Moment
from emulator.inferences.live_record import MAX_RESPONSE, LiveRecord
from emulator.inferences.selecting import Selection


def readable(noted: LiveRecord) -> Inference:
    """The inference as far as it has come."""
    head, secrets = _head(noted)
    return replace(
        _with_contents(noted, head, secrets, short=False),
        headers={name: header_without(name, value, secrets) for name, value in noted.headers.items()},
        timeline=tuple(Moment(at, size) for at, size in noted.timeline),
        response_headers=tuple((name, header_without(name, value, secrets)) for name, value in head),
    )


def shortened(noted: LiveRecord) -> Inference:
    """The same in a third of the time: without headers, without rules that did not answer, and as if sent at once."""
    return _with_contents(noted, *_head(noted), short=True)


def brief(noted: LiveRecord) -> Inference:
    """The same in a tenth of the time: without bodies and the explanation as well."""
    return _brief(noted, *_head(noted))


def selected(
    noted: Iterable[LiveRecord], wanted: Selection, read: Callable[[LiveRecord], Inference]
) -> Iterator[Inference | None]:
    """Of each inference what `read` tells of it, and None for one that is not wanted."""
    for each in noted:
        told = brief(each) if wanted.tests else None
        passes = told is None or all(test(told) for test in wanted.tests)
        if passes and wanted.thorough:
            told = shortened(each)
            passes = all(test(told) for test in wanted.thorough)
        yield read(each) if passes else None


def line(noted: LiveRecord) -> str:
    """The line of `readable(noted)`, without the cost of what is not in it."""
    head, secrets = _head(noted)
    short = _without_contents(noted, head, secrets)
    if noted.answered_by == "generator":  # only then can the line name a rule
        why = noted.explanation()
        short = replace(short, why=without(str(why), secrets), rules=why.rules, warning=why.warning)
    elif noted.warning:
        short = replace(short, why=without(noted.warning, secrets), warning=noted.warning)
    return short.line()


def _head(noted: LiveRecord) -> tuple[list[tuple[str, str]], list[str]]:
    """The headers of the answer, and the secrets in all headers."""
    head = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in noted.head]
    return head, secrets_of([*noted.headers.items(), *head])


def _with_contents(noted: LiveRecord, head: list[tuple[str, str]], secrets: list[str], *, short: bool) -> Inference:
    response = b"".join(noted.parts)[:MAX_RESPONSE]
    shown = response.decode(errors="replace")
    why = noted.explanation(short=short)
    return replace(
        _brief(noted, head, secrets),
        scenario=why.scenario,
        chosen_by=why.chosen_by,
        why=without(_why(noted, why), secrets),
        rules=tuple(_without_secrets(check, secrets) for check in why.rules),
        warning=why.warning,
        body=without(noted.body.decode(errors="replace"), secrets),
        body_cut=noted.body_cut,
        messages=noted.messages,
        response=without(shown, secrets),
        response_cut=noted.length > MAX_RESPONSE,
        response_lossy=shown.encode() != response,
        answer=noted.answer,
        faults=why.faults,
        turn=why.turn,
    )


def _brief(noted: LiveRecord, head: list[tuple[str, str]], secrets: list[str]) -> Inference:
    prints = _asked(noted)
    return replace(
        _without_contents(noted, head, secrets),
        question=prints.question,
        fingerprint=prints.request,
        charge=_price(noted.answering, noted.sent.used),
    )


def _without_contents(noted: LiveRecord, head: list[tuple[str, str]], secrets: list[str]) -> Inference:
    """The inference without its headers and bodies, and with one moment for all that was sent."""
    model = _model_of(noted.body) if noted.model is None else noted.model
    sent, ended = noted.sent, _ended(noted)
    return Inference(
        number=noted.number,
        id=noted.id,
        key=noted.shown,
        namespace=fingerprint(noted.key) if noted.key else "",
        endpoint=without(noted.endpoint, secrets),
        model=None if model is None else without(model, secrets),
        catalogue_model=None if noted.answering is None else noted.answering.id,
        stream=noted.stream,
        headers={},
        body="",
        body_cut=False,
        question="",
        answered_by=noted.answered_by,
        outcome="running" if ended is None else sent.outcome,
        status=noted.status,
        started=noted.started,
        ended=ended,
        error=sent.error.kind if sent.error else None,
        message=without(sent.error.message, secrets) if sent.error else None,
        retry_after=retry_after.told(dict(head), ended or noted.started) if noted.status >= 400 else None,
        queued=None if sent.begun is None else sent.begun - noted.started,
        first_byte=noted.timeline[0][0] if noted.timeline else None,
        timeline=(Moment(noted.timeline[-1][0], noted.length),) if noted.timeline else (),
        complete=noted.complete,
        usage=sent.used,
    )


def _why(noted: LiveRecord, why: Explanation) -> str:
    """The sentence, and for a refusal its message."""
    refused = noted.sent.error is not None and "/" not in noted.answered_by
    return f"{why} It says: {noted.sent.error.message}" if refused and noted.sent.error else str(why)


def _without_secrets(check: RuleCheck, secrets: list[str]) -> RuleCheck:
    return replace(check, reasons=tuple(without(reason, secrets) for reason in check.reasons))


def _ended(noted: LiveRecord) -> float | None:
    """When the answer ended: with its last byte, unless the connection ended otherwise."""
    if noted.timeline and noted.sent.ended is not None and noted.sent.outcome in ("completed", "failed"):
        return noted.started + noted.timeline[-1][0]
    return noted.sent.ended


def _asked(noted: LiveRecord) -> fingerprints.Asked:
    """The fingerprints of the request, which are computed once."""
    if noted.asked is None:
        noted.asked = fingerprints.asked(noted.endpoint, noted.headers, noted.body or _length(noted))
    return noted.asked


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


def _price(model: Model | None, used: Usage | None) -> str | None:
    if model is None or used is None:
        return None
    return usd(tariff(model.pricing).price(used.prompt_tokens, used.cached_tokens, used.completion_tokens))
