"""Presets: a model, parameters and a system prompt under a name, which a request uses as the model "@preset/NAME".

What a request says itself stays; a preset adds what it leaves out. Each change makes a new version, and the earlier
ones stay usable as "@preset/NAME@2". Files are read when they are used, so that one may be edited at any time.
"""

import re
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from emulator.core.errors import ApiError, Rejected
from emulator.core.fields import Fields, Limits, decode, show, type_name
from emulator.core.nearest import did_you_mean, nearest
from emulator.core.plan import Plan
from emulator.core.regexes import late
from emulator.core.settings import Settings
from emulator.core.vocabulary import Failure, Step
from emulator.dialects.endpoints import ENDPOINTS
from emulator.dialects.openai.surface import wording
from emulator.engine import Engine
from emulator.scenario.reading.mistakes import MistakeCollector, ScenarioError
from emulator.web.preset_files import LAST_VERSION, MOST_BYTES, NAME, PresetFiles, file_of

PREFIX = "@preset/"
"""What the name of a model begins with that is a preset."""
MARK = b'"@'
"""What the body of a request has that may use one."""
OWN = frozenset({"model", "messages", "prompt", "system", "stream"})
"""Fields of a request that are no parameters."""
VERSIONS = Limits(1, LAST_VERSION)
"""The numbers of versions."""
_MEANT = late(r"@presets?(?:/.*)?", re.IGNORECASE | re.DOTALL)
"""The name of a model that is meant as a preset; one that is not written so is refused, as no model has such a name."""
_MOST = 1000
_VERSIONS = 100


class Preset(msgspec.Struct, frozen=True):
    """One version of a preset. The `parameters` are fields of a request, such as temperature."""

    model: str
    version: int = 1
    description: str = ""
    system: str = ""
    parameters: dict[str, Any] = {}


class Added(NamedTuple):
    """The fields of a request that a preset added to it."""

    reference: str = ""
    fields: frozenset[str] = frozenset()

    def told(self, error: ApiError) -> ApiError:
        """The refusal of a request, which names the preset if it is for a field that this added."""
        if (field := re.split(r"[.\[]", error.param or "")[0]) not in self.fields:
            return error
        end = "" if error.message.endswith((".", "?")) else "."
        return replace(error, message=f"{error.message}{end} The {field} is that of the preset '{self.reference}'.")

    def planned(self, plan: Plan) -> Plan:
        """The plan of an answer, in which a refusal is told in the same way."""
        match plan.steps:
            case [Step(event=Failure(error)) as step] if self.fields and plan.answered_by == error.kind:
                return replace(plan, steps=[replace(step, event=Failure(self.told(error)))])
        return plan


NOTHING = Added()


class Presets:
    """The presets in a folder, or without one in memory, where nothing can be saved if it is `shared`."""

    def __init__(self, folder: Path | None = None, *, shared: bool = False) -> None:
        self.folder = folder
        self._files = PresetFiles(folder, shared=shared)

    def alone(self) -> AbstractAsyncContextManager[None]:
        """Make changes while no other process does. What is done in between must not wait."""
        return self._files.alone()

    # ------------------------------------------------------------------------------------------ what there is

    def names(self) -> list[str]:
        """The names, sorted."""
        return self._files.names()

    def versions(self, name: str) -> list[int]:
        """The numbers of the versions of a preset, the latest last."""
        return [*self._files.versions(name), self.get(name).version]

    def get(self, name: str, version: int | None = None) -> Preset:
        """A preset, or an earlier version of it. The name of its file tells which one it is.

        Raises `Rejected` with a 404 if there is none, and with a 400 if its file has mistakes.
        """
        content = None if version is None else self._files.read(name, version)
        if version is not None and content is not None:
            return replace(_preset(file_of(name, version), content), version=version)
        latest = self._files.read(name)
        if latest is None:
            raise self._unknown(name)
        found = _preset(file_of(name), latest)
        found = replace(found, version=self._newer(name, found.version))
        if version not in (None, found.version):
            known = ", ".join(map(str, [*self._files.versions(name), found.version][-20:]))
            told = f"There is no preset '{name}@{version}'. The versions of '{name}' are: {known}."
            raise Rejected(ApiError("not_found", told))
        return found

    def _newer(self, name: str, version: int) -> int:
        """A version that is newer than all earlier ones: a file that was written by hand may have any, or none."""
        return max(version, 1 + max(self._files.versions(name), default=0))

    def _referred(self, reference: str) -> Preset:
        """The preset of a name, or of a name with a version, as in "careful@2". Raises `Rejected` as `get` does."""
        name, at, version = reference.partition("@")
        if at:
            if not version.isascii() or not version.isdigit() or version[0] == "0" or int(version) not in VERSIONS:
                raise self._unknown(reference)
            return self.get(name, int(version))
        content = self._files.read(name)
        if content is None:
            raise self._unknown(reference)
        return _preset(file_of(name), content)

    def _unknown(self, reference: str) -> Rejected:
        names = self.names()
        near = nearest(reference, names)
        hint = f"Did you mean '{near}'?" if near else f"There are: {', '.join(names[:20]) or 'none'}."
        return Rejected(ApiError("not_found", f"There is no preset '{reference[:100]}'. {hint}"))

    # ------------------------------------------------------------------------------------------ changes

    def put(self, name: str, preset: Preset) -> None:
        """Save a new version of a preset. Raises `Rejected` with a 400 for a name that cannot be."""
        _check(name)
        self._files.check_writable(name)
        before = self._files.read(name)
        if before is None and len(self.names()) >= _MOST:
            raise Rejected(ApiError("bad_request", f"There are {_MOST} presets already: delete one first."))
        latest = self._newer(name, 0 if before is None else _version(file_of(name), before))
        version = latest if before is None else latest + 1
        if version not in VERSIONS:
            raise Rejected(ApiError("bad_request", f"'{name}' has no more versions: save another preset."))
        content = _written(replace(preset, version=version))
        if before is not None:
            self._files.keep(name, latest)
        self._files.write(name, content)
        for old in self._files.versions(name)[: 1 - _VERSIONS]:
            self._files.delete(name, old)

    def rename(self, name: str, new: str) -> None:
        """Give a preset with all its versions another name. Raises `Rejected` if it is taken or cannot be."""
        _check(new)
        if not self._files.has(name):
            raise self._unknown(name)
        if self._files.has(new) or self._files.versions(new):
            raise Rejected(ApiError("bad_request", f"There is a preset '{new}' already.", param="name"))
        for version in (*self._files.versions(name), None):
            self._files.rename(name, version, new)

    def delete(self, name: str) -> None:
        """Delete a preset with all its versions. Raises `Rejected` with a 404 if there is none."""
        if not self._files.has(name):
            raise self._unknown(name)
        for version in (None, *self._files.versions(name)):
            self._files.delete(name, version)

    # ------------------------------------------------------------------------------------------ use

    async def read(self, body: bytes, endpoint: str, engine: Engine) -> tuple[bytes, Added]:
        """The body of a request with what its preset adds, and what that is; the same body if it uses none.

        Raises `Rejected` if there is no such preset, or the endpoint does not have what it adds.
        """
        return await engine.long_requests.read(len(body), lambda: self._applied(body, endpoint, engine.settings))

    def _applied(self, body: bytes, endpoint: str, settings: Settings) -> tuple[bytes, Added]:
        try:
            asked = decode(body)
        except Rejected:
            return body, NOTHING  # whoever reads the request says what is wrong with it
        changed, added = self.resolved(asked, endpoint, settings)
        return (body if added is NOTHING else msgspec.json.encode(changed)), added

    def resolved(self, asked: Mapping[str, Any], endpoint: str, settings: Settings) -> tuple[dict[str, Any], Added]:
        """A request with what its preset adds, and what that is. Raises `Rejected` as `read` does."""
        model = asked.get("model")
        if not isinstance(model, str) or not _MEANT.fullmatch(model):
            return dict(asked), NOTHING
        if not model.startswith(PREFIX):
            told = f"There is no model '{model[:100]}'. A preset is used as '{PREFIX}NAME'."
            raise Rejected(ApiError("not_found", told, param="model"))
        reference = model.removeprefix(PREFIX)
        try:
            preset = self._referred(reference)
        except Rejected as rejected:
            raise Rejected(replace(rejected.error, param="model")) from None
        strange = [name for name in preset.parameters if name not in parameters(endpoint, settings)]
        if strange:
            raise _unfit(reference, endpoint, strange[0])
        added = {name: value for name, value in preset.parameters.items() if asked.get(name) is None}
        changed = {**asked, "model": preset.model, **added}
        if preset.system:
            _add_system(reference, preset.system, endpoint, changed)
        return changed, Added(reference, frozenset({"model", *added}))


def check(preset: Preset, settings: Settings) -> None:
    """Check that some endpoint takes the parameters. Raises `Rejected` with a 400 that says what is wrong with them."""
    fitting = [name for name in ENDPOINTS if {*preset.parameters} <= {*parameters(name, settings)}]
    if not fitting:
        known = {name for endpoint in ENDPOINTS for name in parameters(endpoint, settings)}
        strange = next((name for name in preset.parameters if name not in known), None)
        told = f"no endpoint has a parameter '{strange}'" if strange else "no endpoint has all of these parameters"
        raise _wrong(told)
    refused: list[str] = []
    for endpoint in (ENDPOINTS[name] for name in fitting):
        try:
            endpoint.make(settings).parse({**endpoint.sample, **preset.parameters}, {}, "")
        except Rejected as rejected:
            refused.append(rejected.error.message)
        else:
            return
    raise _wrong(refused[0])


def preset_of(data: Any) -> Preset:
    """The preset with these fields. Raises `Rejected` with a 400 that names the one that is wrong."""
    if not isinstance(data, Mapping):
        told = f"expected a mapping with a model, but got {type_name(data)}"
        raise Rejected(ApiError("bad_request", told, param="model"))
    known = Preset.__struct_fields__
    for name in data:
        if name not in known:
            hint = did_you_mean(name, known) or f"; expected {', '.join(known)}"
            raise Rejected(ApiError("bad_request", f"Unknown field {show(name)}{hint}", param=name))
    fields = Fields(data, wording)
    parameters = fields.object("parameters")
    made = Preset(
        fields.required_string("model"),
        fields.integer("version", VERSIONS) or 1,
        fields.string("description") or "",
        fields.string("system") or "",
        dict(parameters.data) if parameters is not None else {},
    )
    field, told = _mistake(made)
    if told:
        raise Rejected(ApiError("bad_request", f"Invalid '{field}': {told}.", param=field))
    return made


def _preset(file: str, content: bytes) -> Preset:
    """The preset in a file. Raises `Rejected` with a 400 that says what is wrong with it."""
    from emulator.scenario.loader import decoded  # noqa: PLC0415 (imported when a preset is used)
    from emulator.scenario.reading import nodes  # noqa: PLC0415 (as above)

    try:
        text = decoded(content, file)
        report = MistakeCollector(file, text)
        node = nodes.from_text(text, report)
        if mistakes := report.mistakes():
            raise ScenarioError(mistakes)
        return preset_of(None if node is None else node.plain())
    except ScenarioError as error:
        wrong = error.mistakes[0].render()
    except Rejected as rejected:
        wrong = f"{file}: {rejected.error.message}"
    raise Rejected(ApiError("bad_request", f"This preset cannot be used: {wrong}"))


def _version(file: str, content: bytes) -> int:
    """The version in a file; 0 in one with mistakes."""
    try:
        return _preset(file, content).version
    except Rejected:
        return 0


def _written(preset: Preset) -> bytes:
    """The content of the file of a preset. Raises `Rejected` with a 400 for what YAML or a file cannot hold."""
    from emulator.scenario.writing import Unwritable, dump  # noqa: PLC0415 (imported when a preset is saved)

    size = len(msgspec.json.encode(preset))
    if size > MOST_BYTES:
        told = f"A preset has at most {MOST_BYTES:,} bytes, and this one has {size:,}."
        raise Rejected(ApiError("bad_request", told))
    try:
        text = dump({name: value for name, value in msgspec.to_builtins(preset).items() if value not in ("", {})})
    except Unwritable as error:
        raise Rejected(ApiError("bad_request", f"YAML cannot hold this preset: {error}.")) from None
    return text.encode()


def _mistake(preset: Preset) -> tuple[str, str]:
    """A field in which no preset is right, and what is wrong with it; two empty texts if there is none."""
    own = next((name for name in preset.parameters if name in OWN), None)
    if own is not None:
        return "parameters", f"'{own}' is no parameter: a preset has 'model' and 'system' beside its parameters"
    if not preset.model.strip() or preset.model.startswith(PREFIX):
        return "model", f"expected the name of a model, which is no preset, but got '{preset.model[:100]}'"
    return "", ""


@lru_cache(16)
def parameters(endpoint: str, settings: Settings) -> Mapping[str, Any]:
    """The fields of a request to an endpoint, each with its JSON Schema."""
    shapes = ENDPOINTS[endpoint].shapes(settings)
    properties: Mapping[str, Any] = shapes.components[shapes.request]["properties"]
    return properties


def _add_system(reference: str, system: str, endpoint: str, asked: dict[str, Any]) -> None:
    """Add a system prompt to a request that has none, where its endpoint has one."""
    fields = ENDPOINTS[endpoint].conversation
    if "system" in fields:
        asked["system"] = asked.get("system") or system
        return
    messages = asked.get("messages")
    if "messages" not in fields:
        raise _unfit(reference, endpoint, "a system prompt")
    if isinstance(messages, list) and not any(_is_system(message) for message in messages):
        asked["messages"] = [{"role": "system", "content": system}, *messages]


def _is_system(message: Any) -> bool:
    return isinstance(message, dict) and message.get("role") in ("system", "developer")


def _check(name: str) -> None:
    if not NAME.fullmatch(name):
        told = "The name of a preset has 1 to 64 letters, digits, dots, dashes and underscores, and begins with one of"
        raise Rejected(ApiError("bad_request", f"{told} the first two.", param="name"))


def _unfit(reference: str, endpoint: str, what: str) -> Rejected:
    told = f"The preset '{reference}' has {what}, and {ENDPOINTS[endpoint].path} takes none."
    return Rejected(ApiError("bad_request", told, param="model"))


def _wrong(told: str) -> Rejected:
    return Rejected(ApiError("bad_request", f"Invalid 'parameters': {told.rstrip('.')}.", param="parameters"))
