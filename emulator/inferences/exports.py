"""An inference in other forms: a line of JSON, a curl command that asks the same, a scenario that answers the same."""

import shlex
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate, pairwise
from pprint import pformat
from typing import Any

import msgspec

from emulator.core.catalog import Catalog
from emulator.core.printable import lines, one_line
from emulator.core.settings import Settings
from emulator.core.vocabulary import InferenceRequest
from emulator.dialects.endpoints import ENDPOINTS, Sdk
from emulator.dialects.sse import count_frames, split_frames
from emulator.inferences.inference import Inference
from emulator.scenario.loader import load_text
from emulator.scenario.match import match
from emulator.scenario.reading.mistakes import ScenarioError
from emulator.scenario.subject import Subject
from emulator.scenario.types import Scenario
from emulator.scenario.writing import BlockMapping, Blocks, Unwritable, dump, duration, literal, models, wait

_SENT_AGAIN = ("anthropic-version", "anthropic-beta", "x-emulator-scenario")
_NOTICEABLE = 0.01
_SETTINGS = Settings()
_encode = msgspec.json.Encoder().encode


class NotReproducible(Exception):
    """An inference that no scenario can answer; says why."""


def line(inference: Inference) -> str:
    """All fields as one line of JSON."""
    return one_line(_encode(inference.as_dict()).decode()) + "\n"


def curl(inference: Inference, url: str) -> str:
    """A shell command that asks the same of the server at `url`, with the key in $AKASHML_API_KEY."""
    headers = [f"{name}: {inference.headers[name]}" for name in _SENT_AGAIN if name in inference.headers]
    method, _, path = inference.endpoint.rpartition(" ")
    if inference.exists:
        method, path = "POST", ENDPOINTS[inference.endpoint].path
    words = [
        "curl -sS" + (" -N" if inference.stream else "") + ("" if method == "POST" else f" -X {_quoted(method)}"),
        _quoted(url.rstrip("/") + path),
        '-H "Authorization: Bearer $AKASHML_API_KEY"',
        "-H 'Content-Type: application/json'",
        *(f"-H {_quoted(header)}" for header in headers),
        f"--data-raw {_quoted(inference.body)}",
    ]
    cut = "# The body was too long to be kept: this is its beginning.\n" if inference.body_cut else ""
    return cut + " \\\n  ".join(words) + "\n"


def python(inference: Inference, url: str) -> str:
    """A program that asks the same with the SDK of the endpoint, with the key in $AKASHML_API_KEY."""
    sdk, asked, headers = _sdk(inference)
    given = {name: asked[name] for name in sdk.named if name in asked}
    rest = {name: value for name, value in asked.items() if name not in given}
    arguments = {**given, **({"extra_body": rest} if rest else {}), **({"extra_headers": headers} if headers else {})}
    written = "".join(f"    {name}={pformat(value, sort_dicts=False)},\n" for name, value in arguments.items())
    return (
        f"import os\n\nfrom {sdk.package} import {sdk.client}\n\n"
        f'client = {sdk.client}(base_url={url.rstrip("/") + sdk.base!r}, api_key=os.environ["AKASHML_API_KEY"])\n'
        f"answer = client.{sdk.method}(\n{written})\n"
        + ("for event in answer:\n    print(event)\n" if inference.stream else "print(answer)\n")
    )


def node(inference: Inference, url: str) -> str:
    """The same for Node, as an ES module."""
    sdk, asked, headers = _sdk(inference)
    base = _javascript(url.rstrip("/") + sdk.base)
    arguments = ", ".join(map(_javascript, (asked, {"headers": headers}) if headers else (asked,)))
    return (
        f'import {sdk.client} from "{sdk.module}";\n\n'
        f"const client = new {sdk.client}({{ baseURL: {base}, apiKey: process.env.AKASHML_API_KEY }});\n"
        f"const answer = await client.{sdk.method}({arguments});\n"
        + ("for await (const event of answer) console.log(event);\n" if inference.stream else "console.log(answer);\n")
    )


def _sdk(inference: Inference) -> tuple[Sdk, dict[str, Any], dict[str, str]]:
    """The SDK, the fields of the request and its headers. Raises NotReproducible for what no SDK can ask."""
    if not inference.exists:
        raise NotReproducible(f"there is no endpoint {inference.endpoint}")
    if not isinstance(inference.request, dict):
        told = "its body was too long to be kept" if inference.body_cut else "its body is no JSON object"
        raise NotReproducible(told)
    headers = {name: inference.headers[name] for name in _SENT_AGAIN[1:] if name in inference.headers}
    return ENDPOINTS[inference.endpoint].sdk, inference.request, headers


def _javascript(value: Any) -> str:
    """A value as JavaScript reads it, which takes a key named __proto__ for something else."""
    text = lines(msgspec.json.format(_encode(value), indent=2).decode())
    return f"JSON.parse({_encode(text).decode()})" if '"__proto__"' in text else text


def _quoted(text: str) -> str:
    """A word of a shell command; what is not printed is written as bash reads it."""
    if lines(text) == text:
        return shlex.quote(text)
    escaped = one_line(text.replace("\\", "\\\\").replace("'", "\\'"))
    return f"$'{escaped}'"


def scenario(inference: Inference, catalog: Catalog) -> str:
    """A scenario in YAML whose only rule answers what this inference was answered, to whoever asks the same.

    A stream comes with its pauses, frame by frame; one that was reset is truncated. A request that had a secret in it
    has to be asked without it, as the scenario has it. `catalog` has the models that need no entry in the scenario.

    Raises NotReproducible for what was refused before any scenario was asked, for an answer that was too long to be
    kept or is no text, for a whole body that was truncated, and for what the scenario language cannot say.
    """
    if not inference.exists:
        raise NotReproducible(f"there is no endpoint {inference.endpoint}")
    asked = inference.request if isinstance(inference.request, Mapping) else {}
    if inference.model is None or not (asked or inference.body_cut):
        raise NotReproducible("the request was refused before any scenario was asked: its key or its JSON is bad")
    if inference.response_cut:
        raise NotReproducible("the answer was too long to be kept")
    if inference.response_lossy:
        raise NotReproducible("the answer has bytes that are no UTF-8, and a scenario is text")
    story = {
        "name": f"inference-{inference.id[:8]}",
        "description": f"What inference {inference.id} was answered.",
        **({"models": unknown} if (unknown := _models(inference, inference.model, catalog)) else {}),
        "rules": Blocks(
            [BlockMapping(when=BlockMapping(_when(inference, asked)), reply=BlockMapping(_reply(inference)))]
        ),
    }
    try:
        text = dump(BlockMapping(story))
        written = load_text(text, "export.yaml", catalog=catalog)
    except Unwritable as error:
        raise NotReproducible(f"YAML cannot hold it: {error}") from None
    except ScenarioError as error:
        mistake = error.mistakes[0]
        raise NotReproducible(f"the scenario language cannot say it: {mistake.path}: {mistake.message}") from None
    if not _answers(written, inference, inference.model, asked):
        raise NotReproducible("no condition of the scenario language holds for this request")
    return text


def _models(inference: Inference, model: str, catalog: Catalog) -> dict[str, Any]:
    """The entry of the model that was asked, if the catalogue does not have it."""
    unknown = models([model], catalog)
    like = inference.catalogue_model
    return {model: {"like": like}} if unknown and like in catalog.models else unknown


def _answers(written: Scenario, inference: Inference, model: str, asked: Mapping[str, Any]) -> bool:
    """Whether the rule matches the request that it was made of."""
    request = InferenceRequest(inference.endpoint, model, stream=inference.stream, body=asked)
    return match(written.rules[0].when, Subject(request)) is not None


def _when(inference: Inference, asked: Mapping[str, Any]) -> dict[str, Any]:
    told = {"endpoint": inference.endpoint, "stream": inference.stream, "model": {"equals": inference.model}}
    fields = ENDPOINTS[inference.endpoint].conversation
    said = {name: {"equals": asked[name], "case": True} for name in fields if name in asked}
    return told | ({"body": BlockMapping(said)} if said else {})


def _reply(inference: Inference) -> dict[str, Any]:
    if not inference.status:
        waited = (inference.ended or inference.started) - inference.started
        return {"faults": [*_stall(waited, {"before": "response"}), {"hangup": "end", "before": "response"}]}
    late = _stall(inference.first_byte or 0.0, {"before": "response"})
    if inference.error is not None and inference.status >= 400:
        return {"error": _error(inference)} | _retry_after(inference) | ({"faults": late} if late else {})
    if dict(inference.response_headers).get("content-type", "").startswith("text/event-stream"):
        return _stream(inference, late)
    if inference.outcome == "hung up":
        raise NotReproducible("its body ended in the middle without being a stream")
    types = {name: literal(value) for name, value in inference.response_headers if name == "content-type"}
    raw = {"status": inference.status, "headers": types, "body": inference.response}
    return {"raw": raw} | _retry_after(inference) | ({"faults": late} if late else {})


def _error(inference: Inference) -> dict[str, Any]:
    """The error with every field that the client has read, in the shape that it was read in."""
    error: dict[str, Any] = {"kind": inference.error, "status": inference.status}
    body = msgspec.json.decode(inference.response)
    told = body["error"]
    if isinstance(told, str):
        return error | {"shape": "flat", "code": told, "message": literal(body["message"])}
    if ENDPOINTS[inference.endpoint].make(_SETTINGS).surface.flat_errors:
        error["shape"] = "openai"
    error |= {name: told[name] for name in ("type", "code", "param") if told.get(name)}
    return error | {"message": literal(told["message"])}


def _retry_after(inference: Inference) -> dict[str, Any]:
    told = {name: value for name, value in inference.response_headers if name in ("retry-after", "retry-after-ms")}
    after = wait(told.get("retry-after", ""))
    if after is not None:
        del told["retry-after"]
    headers = {"headers": {name: literal(value) for name, value in told.items()}} if told else {}
    return headers if after is None else {"retry_after": after, **headers}


def _stream(inference: Inference, late: list[Any]) -> dict[str, Any]:
    frames = [frame.decode() for frame in split_frames(inference.response.encode())]
    whole = frames and all(frame.endswith("\n\n") for frame in frames)
    faults = [*late, *_pauses(inference)]
    if inference.outcome == "hung up":
        faults.append(
            {
                "hangup": "end" if inference.complete else "truncate",
                "after": {"events": max(count_frames(inference.response.encode()), 1)},
            }
        )
    told = [_frame(frame) for frame in frames] if whole else inference.response
    return {"frames": told} | ({"faults": faults} if faults else {})


def _frame(frame: str) -> str:
    """A frame without the blank line that the reader adds; with it, where the reader would take away more."""
    shortened = frame.rstrip()
    return shortened if f"{shortened}\n\n" == frame else frame


def _pauses(inference: Inference) -> Iterator[dict[str, Any]]:
    """The pauses between sends, each behind the last frame that was sent before it."""
    ends, sent = list(accumulate(map(len, split_frames(inference.response.encode())))), 0
    for before, after in pairwise(inference.timeline):
        sent += before.size
        yield from _stall(after.at - before.at, {"after": {"events": max(bisect_right(ends, sent), 1)}})


def _stall(seconds: float, where: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"stall": duration(seconds), **where}] if seconds >= _NOTICEABLE else []


class ExportFormat(msgspec.Struct, frozen=True):
    """A form in which inferences are exported.

    `write` makes the text of one, from it, the server's URL and its catalogue; it may raise NotReproducible.
    `between` stands between the texts of several; None: the form is made of one inference only.
    """

    media_type: str
    write: Callable[[Inference, str, Catalog], str]
    between: str | None = None


FORMATS: Mapping[str, ExportFormat] = {
    "jsonl": ExportFormat("application/jsonl", lambda inference, url, catalog: line(inference), between=""),
    "curl": ExportFormat("text/plain", lambda inference, url, catalog: curl(inference, url), between="\n"),
    "python": ExportFormat("text/plain", lambda inference, url, catalog: python(inference, url)),
    "node": ExportFormat("text/plain", lambda inference, url, catalog: node(inference, url)),
    "scenario": ExportFormat("application/yaml", lambda inference, url, catalog: scenario(inference, catalog)),
}
"""The forms by their names."""
