"""Presets: a model, parameters and a system prompt under a name, which a request uses as the model "@preset/NAME".

What a request says itself stays; a preset adds what it leaves out. Each change makes a new version, and the earlier
ones stay usable as "@preset/NAME@2". With a folder, a preset is a file: NAME.yaml is the latest version, NAME@2.yaml an
earlier one. They are read when they are used, so that a file may be edited at any time.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from emulator.core.errors import ApiError, Rejected
from emulator.core.fields import NOT_JSON, decode
from emulator.core.nearest import nearest
from emulator.core.regexes import late
from emulator.core.settings import Settings
from emulator.dialects.endpoints import ENDPOINTS

PREFIX = "@preset/"
"""What the name of a model begins with that is a preset."""
MARK = b'"@preset'
"""What the body of a request has that may use one; the slash may be escaped."""
NAME = late(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
"""The names of presets."""
OWN = frozenset({"model", "messages", "prompt", "system", "stream"})
"""Fields of a request that are no parameters."""
_FILE = late(rf"(?P<name>{NAME.pattern})(?:@(?P<version>[1-9][0-9]{{0,8}}))?\.yaml", re.ASCII)
_MOST = 1000
_VERSIONS = 100
_BYTES = 1024 * 1024


class Preset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version of a preset. The `parameters` are fields of a request, such as temperature."""

    model: str
    version: int = 1
    description: str = ""
    system: str = ""
    parameters: dict[str, Any] = {}


class Presets:
    """The presets in a folder, or without one in memory."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._texts: dict[str, str] = {}

    # ------------------------------------------------------------------------------------------ what there is

    def names(self) -> list[str]:
        """The names, sorted."""
        found = (_FILE.fullmatch(file) for file in self._files())
        return sorted({each["name"] for each in found if each and not each["version"]})

    def versions(self, name: str) -> list[int]:
        """The numbers of the versions of a preset, the latest last."""
        found = (_FILE.fullmatch(file) for file in self._files())
        earlier = sorted(int(each["version"]) for each in found if each and each["name"] == name and each["version"])
        return [*earlier, self.get(name).version]

    def get(self, reference: str) -> Preset:
        """The preset of a name, or of a name with a version, as in "careful@2".

        Raises `Rejected` with a 404 if there is none, and with a 400 if its file has mistakes.
        """
        file = f"{reference}.yaml"
        text = self._read(file) if _FILE.fullmatch(file) else None
        if text is not None:
            return _preset(file, text)
        name, _, version = reference.partition("@")
        if version and NAME.fullmatch(name) and (latest := self._read(f"{name}.yaml")) is not None:
            found = _preset(f"{name}.yaml", latest)
            if str(found.version) == version:
                return found
        near = nearest(reference, self.names())
        hint = f" Did you mean '{near}'?" if near else f" There are: {', '.join(self.names()[:20]) or 'none'}."
        told = f"There is no preset '{reference[:100]}'.{hint}"
        raise Rejected(ApiError("not_found", told, param="model"))

    # ------------------------------------------------------------------------------------------ changes

    def put(self, name: str, preset: Preset) -> Preset:
        """Save a new version of a preset. Raises `Rejected` with a 400 for a name that cannot be."""
        _check(name)
        if self._read(f"{name}.yaml") is not None:
            latest = self.get(name)
            preset = msgspec.structs.replace(preset, version=latest.version + 1)
            self._write(f"{name}@{latest.version}.yaml", latest)
            for version in self.versions(name)[:-_VERSIONS]:
                self._delete(f"{name}@{version}.yaml")
        elif len(self.names()) >= _MOST:
            raise Rejected(ApiError("bad_request", f"There are {_MOST} presets already: delete one first."))
        self._write(f"{name}.yaml", preset)
        return preset

    def rename(self, name: str, new: str) -> None:
        """Give a preset with all its versions another name. Raises `Rejected` if it is taken or cannot be."""
        _check(new)
        if self._read(f"{new}.yaml") is not None:
            raise Rejected(ApiError("bad_request", f"There is a preset '{new}' already.", param="name"))
        versions = {f"@{version}": self.get(f"{name}@{version}") for version in self.versions(name)[:-1]}
        for suffix, preset in ({"": self.get(name)} | versions).items():
            self._write(f"{new}{suffix}.yaml", preset)
        self.delete(name)

    def delete(self, name: str) -> None:
        """Delete a preset with all its versions. Raises `Rejected` with a 404 if there is none."""
        if not NAME.fullmatch(name) or self._read(f"{name}.yaml") is None:
            self.get(name)
        for file in self._files():
            found = _FILE.fullmatch(file)
            if found and found["name"] == name:
                self._delete(file)

    # ------------------------------------------------------------------------------------------ use

    def applied(self, body: bytes, endpoint: str, settings: Settings) -> bytes:
        """The body of a request with what its preset adds; the same if it uses none.

        Raises `Rejected` if there is no such preset, or the endpoint does not have what it adds.
        """
        try:
            asked = decode(body)
        except Rejected:
            return body  # whoever reads the request says what is wrong with it
        model = asked.get("model")
        if not isinstance(model, str) or not model.startswith(PREFIX):
            return body
        reference = model.removeprefix(PREFIX)
        preset = self.get(reference)
        strange = [name for name in preset.parameters if name not in parameters(endpoint, settings)]
        if strange:
            raise _unfit(reference, endpoint, strange[0])
        added = {name: value for name, value in preset.parameters.items() if asked.get(name) is None}
        asked |= {"model": preset.model, **added}
        if preset.system:
            _add_system(reference, preset.system, endpoint, asked)
        return msgspec.json.encode(asked)

    # ------------------------------------------------------------------------------------------ files

    def _files(self) -> list[str]:
        if self.folder is None:
            return [*self._texts]
        try:
            return sorted(path.name for path in self.folder.iterdir())
        except OSError as error:
            raise _unusable(self.folder, error) from None

    def _read(self, file: str) -> str | None:
        if self.folder is None:
            return self._texts.get(file)
        try:
            with (self.folder / file).open("rb") as opened:
                return opened.read(_BYTES).decode("utf-8-sig", "replace")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unusable(self.folder / file, error) from None

    def _write(self, file: str, preset: Preset) -> None:
        from emulator.scenario.writing import Unwritable, dump  # noqa: PLC0415 (imported when a preset is saved)

        try:
            text = dump({name: value for name, value in msgspec.to_builtins(preset).items() if value not in ("", {})})
        except Unwritable as error:
            raise Rejected(ApiError("bad_request", f"YAML cannot hold this preset: {error}.")) from None
        if self.folder is None:
            self._texts[file] = text
            return
        from emulator.core.files import write_atomically  # noqa: PLC0415 (as above)

        try:
            write_atomically(self.folder / file, text.encode())
        except OSError as error:
            raise _unusable(self.folder / file, error) from None

    def _delete(self, file: str) -> None:
        if self.folder is None:
            del self._texts[file]
        else:
            (self.folder / file).unlink(missing_ok=True)


def check(preset: Preset, settings: Settings) -> None:
    """Check that some endpoint takes the parameters. Raises `Rejected` with a 400 that says what is wrong with them."""
    field, told = _mistake(preset)
    if told:
        raise Rejected(ApiError("bad_request", f"Invalid '{field}': {told}.", param=field))
    fitting = [name for name in ENDPOINTS if {*preset.parameters} <= {*parameters(name, settings)}]
    if not fitting:
        known = {name for endpoint in ENDPOINTS for name in parameters(endpoint, settings)}
        strange = next((name for name in preset.parameters if name not in known), None)
        told = f"no endpoint has a parameter '{strange}'" if strange else "no endpoint has all of these parameters"
        raise _wrong(told)
    refused: Rejected | None = None
    for name in fitting:
        endpoint = ENDPOINTS[name]
        try:
            endpoint.make(settings).parse({**endpoint.sample, **preset.parameters}, {}, "")
        except Rejected as rejected:
            refused = refused or rejected
        else:
            return
    if refused is not None:
        raise _wrong(refused.error.message)


def _preset(file: str, text: str) -> Preset:
    from emulator.scenario.reading import nodes  # noqa: PLC0415 (imported when a preset is used)
    from emulator.scenario.reading.mistakes import MistakeCollector  # noqa: PLC0415 (as above)

    report = MistakeCollector(file, text)
    node = nodes.from_text(text, report)
    mistakes = [mistake.render() for mistake in report.mistakes()]
    if node is not None and not mistakes:
        try:
            preset = msgspec.convert(node.plain(), Preset)
            field, told = _mistake(preset)
            if not told:
                return preset
            mistakes.append(f"{file}: {field}: {told}")
        except (msgspec.ValidationError, *NOT_JSON) as error:
            mistakes.append(f"{file}: {error}")
    raise Rejected(ApiError("bad_request", f"This preset cannot be used: {mistakes[0]}", param="model"))


def _mistake(preset: Preset) -> tuple[str, str]:
    """A field in which no preset is right, and what is wrong with it; two empty texts if there is none."""
    own = next((name for name in preset.parameters if name in OWN), None)
    if own is not None:
        return "parameters", f"'{own}' is no parameter: a preset has 'model' and 'system' beside its parameters"
    if not preset.model.strip() or preset.model.startswith(PREFIX):
        return "model", f"expected the name of a model, which is no preset, but got '{preset.model[:100]}'"
    return ("version", "expected a number from 1") if preset.version < 1 else ("", "")


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


def _unusable(path: Path, error: OSError) -> Rejected:
    told = f"{path.name} cannot be used: {error.strerror}"
    return Rejected(ApiError("unavailable", f"The presets cannot be read or saved: {told}."))
