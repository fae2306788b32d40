"""An inference in other forms: a curl command that asks the same, and a scenario that answers the same."""

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import yaml

from emulator.dialects.endpoints import ENDPOINTS
from emulator.inferences.inference import Inference

_SENT_AGAIN = ("anthropic-version", "anthropic-beta", "x-emulator-scenario")
_NOTICEABLE = 0.01
_TEMPLATE = re.compile(r"\{[{%#]")
_FRAME = re.compile(r".*?\n\n", re.DOTALL)


class _Dumper(yaml.SafeDumper):
    """YAML's safe dumper, line by line where a text has several."""


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)


class NotReproducible(Exception):
    """An inference that no scenario can answer; says why."""


def curl(inference: Inference, url: str) -> str:
    """A shell command that asks the same of the server at `url`, with the key in $AKASHML_API_KEY."""
    headers = [f"{name}: {inference.headers[name]}" for name in _SENT_AGAIN if name in inference.headers]
    words = [
        "curl -sS" + (" -N" if inference.stream else ""),
        shlex.quote(url.rstrip("/") + ENDPOINTS[inference.endpoint].path),
        '-H "Authorization: Bearer $AKASHML_API_KEY"',
        "-H 'Content-Type: application/json'",
        *(f"-H {shlex.quote(header)}" for header in headers),
        f"--data-raw {shlex.quote(inference.body)}",
    ]
    cut = "# The body was too long to be kept: this is its beginning.\n" if inference.body_cut else ""
    return cut + " \\\n  ".join(words) + "\n"


def scenario(inference: Inference) -> str:
    """A scenario in YAML whose only rule answers what this inference was answered, to whoever asks the same.

    A stream comes with its pauses, frame by frame; one that was reset is truncated. A request that had a secret in it
    has to be asked without it, as the scenario has it. Raises NotReproducible for what was refused before any scenario
    was asked, for an answer that was too long to be kept, and for a whole body that was truncated.
    """
    if inference.request is None and not inference.body_cut:
        raise NotReproducible("the request was refused before any scenario was asked: its key or its JSON is bad")
    if inference.response_cut:
        raise NotReproducible("the answer was too long to be kept")
    rule = {"when": _when(inference), "reply": _reply(inference)}
    story = {
        "name": f"inference-{inference.id[:8]}",
        "description": f"What inference {inference.id} was answered.",
        "rules": [rule],
    }
    return yaml.dump(story, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)


def _when(inference: Inference) -> dict[str, Any]:
    told: dict[str, Any] = {"endpoint": inference.endpoint, "stream": inference.stream}
    if inference.model:
        told["model"] = {"equals": inference.model}
    request = inference.request or {}
    said = ENDPOINTS[inference.endpoint].conversation
    asked = {name: {"equals": request[name], "case": True} for name in said if name in request}
    return told | ({"body": asked} if asked else {})


def _reply(inference: Inference) -> dict[str, Any]:
    if not inference.status:
        waited = (inference.ended or inference.started) - inference.started
        return {"faults": [*_stall(waited, {"before": "response"}), {"hangup": "close", "before": "response"}]}
    late = _stall(inference.first_byte or 0.0, {"before": "response"})
    if inference.error is not None and inference.status >= 400:
        told: dict[str, Any] = {"kind": inference.error, "status": inference.status}
        told["message"] = _literal(inference.message or inference.error)
        wait = {} if inference.retry_after is None else {"retry_after": f"{round(inference.retry_after * 1000)}ms"}
        return {"error": told, **wait} | ({"faults": late} if late else {})
    if dict(inference.response_headers).get("content-type", "").startswith("text/event-stream"):
        return _stream(inference, late)
    types = {name: _literal(value) for name, value in inference.response_headers if name == "content-type"}
    if inference.outcome == "hung up":
        raise NotReproducible("its body ended in the middle without being a stream")
    raw = {"status": inference.status, "headers": types, "body": inference.response}
    return {"raw": raw} | ({"faults": late} if late else {})


def _stream(inference: Inference, late: list[Any]) -> dict[str, Any]:
    frames = _FRAME.findall(inference.response)
    whole = "".join(frames) == inference.response and frames
    faults = [*late, *_pauses(inference)]
    if inference.outcome == "hung up":
        faults.append(
            {"hangup": "close" if inference.complete else "truncate", "after": {"events": max(len(frames), 1)}}
        )
    told = [frame.removesuffix("\n\n") for frame in frames] if whole else inference.response
    return {"frames": told} | ({"faults": faults} if faults else {})


def _pauses(inference: Inference) -> Iterator[dict[str, Any]]:
    """The pauses between sends, each behind the last frame that was sent before it."""
    response, sent = inference.response.encode(), 0
    for before, after in pairwise(inference.timeline):
        sent += before.size
        frames = len(_FRAME.findall(response[:sent].decode(errors="replace")))
        yield from _stall(after.at - before.at, {"after": {"events": max(frames, 1)}})


def _stall(seconds: float, where: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"stall": f"{round(seconds * 1000)}ms", **where}] if seconds >= _NOTICEABLE else []


def _literal(text: str) -> str:
    """A text that a scenario does not take for a template."""
    return _TEMPLATE.sub(lambda found: f"{{{{ '{found[0]}' }}}}", text)
