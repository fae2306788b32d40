"""The models, with their ids, features, limits and prices: those of shipped_models.py, and those of a user's file.

A file of models maps ids to fields of `Model`. For a known model the given fields are replaced, also inside `pricing`;
any other model is new and is listed last. An entry of the form `gpt-*: {like: zai-org/GLM-5.3}` adds no model: it lets
one answer to other names, which the glob matches.
"""

import re
import reprlib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from emulator.core.nearest import did_you_mean, nearest
from emulator.core.shipped_models import MODELS

_MAX_MISTAKES = 1_000
# An alias has "--" for "/". An id that contains "--" or "-/" could therefore not be restored from its alias.
Id = Annotated[str, Meta(pattern=r"^(?!.*-[-/])\S+\Z", description='an id without spaces, "--" and "-/"')]
LONGEST_NAME = 256
"""Characters of a name that a model can answer to beside its id."""
MAX_NAMES = 100
"""Globs of such names in one catalogue."""
Word = Annotated[str, Meta(description="a text")]
_Words = Annotated[tuple[str, ...], Meta(description="a list of words, such as [tools, reasoning]")]
Length = Annotated[int, Meta(gt=0, description="a number of tokens, 1 or more")]
Created = Annotated[int, Meta(ge=0, le=253402300799, description="a time in Unix seconds, before the year 10000")]
Price = Annotated[
    str, Meta(pattern=r"^[0-9]{1,12}(\.[0-9]{1,30})?\Z", description='USD, a decimal in quotes like "0.0000013"')
]
Modality = Literal["text", "image", "audio", "video", "file"]
Modalities = Annotated[tuple[Modality, ...], Meta(description="a list of text, image, audio, video and file")]
Images = Annotated[Literal["read", "drop", "reject"], Meta(description="read, drop or reject")]
FieldMistake: TypeAlias = tuple[tuple[str, ...], str]
SAMPLING = "temperature top_p top_k min_p frequency_penalty presence_penalty repetition_penalty stop seed"


class Pricing(Struct, frozen=True):
    """The price of each token, and of each `request`, in USD, as exact decimals.

    Without `input_cache_read`, a cached prompt token costs as much as an input token.
    """

    input: Price
    output: Price
    request: Price = "0"
    input_cache_read: Annotated[Price | None, Meta(description="a price as `input` has it, or null")] = None


class Model(Struct, frozen=True):
    """One model, with the field names of GET /v1/models (docs/contract.md, models).

    Lengths are in tokens, `created` is in Unix seconds; `images` says how the model treats images.
    """

    id: Id
    context_length: Length
    max_output_length: Length
    pricing: Pricing
    name: Word = ""
    created: Created = 0
    owned_by: Word = "akashml"
    description: Word = ""
    quantization: Word = "fp8"
    input_modalities: Modalities = ("text",)
    output_modalities: Modalities = ("text",)
    supported_features: _Words = ()
    supported_sampling_parameters: _Words = tuple(SAMPLING.split())
    images: Images = "reject"

    @property
    def reasons(self) -> bool:
        """Whether the model reasons before it answers."""
        return "reasoning" in self.supported_features

    @property
    def supports_logprobs(self) -> bool:
        """Whether the model returns log probabilities; if not, they are null."""
        return "logprobs" in self.supported_features


class CatalogError(ValueError):
    """Mistakes in models, one line each. Each line names the place (id, key, key of `pricing`) and the mistake."""

    def __init__(self, source: str, *mistakes: FieldMistake) -> None:
        super().__init__("\n".join(": ".join((source, *place, wrong)) for place, wrong in mistakes))
        self.mistakes = mistakes


class Catalog(Struct, frozen=True):
    """The models by id, in the order in which they are listed. It is immutable: `with_models` returns a new one.

    `names` are globs of other names, each with the id of the model that answers to them. The first that matches counts:
    those that were added last come first, and of those the ones with the most characters that are not wildcards.
    """

    models: Mapping[str, Model] = MappingProxyType({})
    names: Mapping[str, str] = MappingProxyType({})

    @classmethod
    def load(cls, extra: Path | None = None) -> "Catalog":
        """Read the shipped models, then add or override models from the user's file `extra`.

        Raises CatalogError for a file that cannot be read, is not YAML, or has mistakes.
        """
        catalog = cls(MappingProxyType({id: _changed(None, id, fields) for id, fields in MODELS.items()}))
        return catalog.with_models(_parse(extra), str(extra)) if extra else catalog

    def get(self, id: str, *, aliased: bool = False) -> Model | None:
        """Return the model with exactly this id, or None.

        With `aliased`, `--` is read as `/` in an unknown id, and `[1m]` behind it, by which Claude Code asks for a long
        context, is left out.
        """
        model = self.models.get(id)
        return self.models.get(id.removesuffix("[1m]").replace("--", "/")) if model is None and aliased else model

    def named(self, name: str, *, aliased: bool = False, other: str = "") -> Model | None:
        """Return the model that answers to a name: the one that `get` finds, or else that of the first glob for it.

        `other` is the id of a model that answers to all other names; without it, the result for them is None.
        """
        model = self.get(name, aliased=aliased)
        if model is not None or not 0 < len(name) <= LONGEST_NAME:
            return model
        id = next((id for each, id in self.names.items() if _matches(each, name, aliased=aliased)), other)
        return self.get(id, aliased=True)

    def nearest(self, id: str) -> str | None:
        """Return the known id that is most similar to an unknown one, in either form; None if none is similar."""
        return nearest(id.replace("--", "/"), self.models)

    def __iter__(self) -> Iterator[Model]:
        return iter(self.models.values())

    def with_models(self, models: Any, source: str = "models") -> "Catalog":
        """Return a catalog in which these models are added, or the given fields of known models are replaced.

        `models` maps ids to fields, as read from YAML or JSON. Raises CatalogError, whose lines begin with `source`.
        """
        if not isinstance(models, Mapping):
            raise CatalogError(source, ((), f"expected a mapping of ids to fields, got {reprlib.repr(models)}"))
        if mistakes := list(islice(_mistakes(self, models), _MAX_MISTAKES)):
            raise CatalogError(source, *mistakes)
        changed = {
            id: _changed(self.models.get(id), id, fields) for id, fields in models.items() if "like" not in fields
        }
        known = {**self.models, **changed}
        return Catalog(MappingProxyType(known), MappingProxyType(_names(self.names, models)))


def alias(id: str) -> str:
    """Return the id in the form that the Anthropic endpoints list: zai-org--GLM-5.3 for zai-org/GLM-5.3."""
    return id.replace("/", "--")


def _names(known: Mapping[str, str], models: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    added = {name: fields["like"] for name, fields in models.items() if "like" in fields}
    first = sorted(added, key=lambda name: len(re.sub("[*?]", "", name)), reverse=True)
    return {**{name: added[name] for name in first}, **{name: id for name, id in known.items() if name not in added}}


def _matches(each: str, name: str, *, aliased: bool) -> bool:
    from emulator.patterns import glob  # noqa: PLC0415 (most servers have no such names)

    matches = glob(each).matches
    return matches(name) or (aliased and matches(name.replace("--", "/")))


def _changed(known: Model | None, id: str, fields: Mapping[str, Any]) -> Model:
    old: Any = msgspec.to_builtins(known) if known else {"id": id, "name": id.rpartition("/")[2], "pricing": {}}
    return msgspec.convert({**old, **fields, "pricing": {**old["pricing"], **fields.get("pricing", {})}}, Model)


def _mistakes(known: Catalog, models: Mapping[Any, Any]) -> Iterator[FieldMistake]:
    names = [id for id, fields in models.items() if isinstance(fields, Mapping) and "like" in fields]
    ids = {*known.models, *(id for id in map(str, models) if id not in names)}
    for id, fields in models.items():
        wrong = _wrong_name(known, ids, id, fields) if id in names else _wrong_model(known, id, fields)
        yield from (((str(id), *place), message) for place, message in wrong)
    count = len({*known.names, *names})
    if names and count > MAX_NAMES:
        yield (str(names[0]),), f"this would make {count} names that are like a model; there can be {MAX_NAMES}"


def _wrong_name(known: Catalog, ids: Iterable[str], name: Any, fields: Mapping[Any, Any]) -> Iterator[FieldMistake]:
    """The mistakes in an entry that lets a model, one of `ids`, answer to a name."""
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
        yield (), f"expected a name or a glob of 1 to {LONGEST_NAME:,} characters, got {reprlib.repr(name)}"
    elif name in known.models:
        yield (), "this is the id of a model, and cannot be like another"
    yield from (
        ((str(key),), "unknown key beside `like`: the fields are those of that model")
        for key in fields
        if key != "like"
    )
    like = fields["like"]
    if not isinstance(like, str) or like.replace("--", "/") not in ids:
        near = did_you_mean(like.replace("--", "/"), sorted(ids)) if isinstance(like, str) else ""
        yield ("like",), f"expected the id of a model, got {reprlib.repr(like)}{near}"


def _wrong_model(known: Catalog, id: Any, fields: Any) -> Iterator[FieldMistake]:
    if isinstance(id, str) and ("*" in id or "?" in id):
        told = 'expected an id without spaces, "*" and "?", or for a glob of names the model that answers to them'
        yield (), f"{told}, such as {{like: zai-org/GLM-5.3}}, got {reprlib.repr(id)}"
        return
    new = id not in known.models
    hint = did_you_mean(str(id), known.models) if new else ""
    yield from chain(_wrong(id, Id), _wrong_fields(Model, fields, new=new, hint=hint))


def _wrong_fields(kind: type[Struct], fields: Any, *, new: bool = False, hint: str = "") -> Iterator[FieldMistake]:
    if not isinstance(fields, Mapping):
        yield (), f"expected a mapping of fields, got {reprlib.repr(fields)}"
        return
    types, required = _fields(kind)
    for key in fields:
        if key not in types:
            yield (str(key),), f"unknown key{did_you_mean(str(key), types) or '; expected ' + ', '.join(types)}"
            continue
        found = _wrong_fields(Pricing, fields[key], new=new) if key == "pricing" else _wrong(fields[key], types[key])
        yield from (((key, *place), wrong) for place, wrong in found)
    if new and (missing := [key for key in required if key not in fields]):
        yield (), f"a new model needs {', '.join(missing)} as well{hint}"


def _wrong(value: Any, kind: Any) -> Iterator[FieldMistake]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        yield (), f"expected {kind.__metadata__[0].description}, got {reprlib.repr(value)}"


@lru_cache
def _fields(kind: type[Struct]) -> tuple[dict[str, Any], list[str]]:
    """Return the types of the fields that an entry can have, and the names of those that a new entry must have."""
    fields = [field for field in msgspec.structs.fields(kind) if field.name != "id"]
    return {field.name: field.type for field in fields}, [field.name for field in fields if field.required]


def _parse(path: Path) -> Any:
    from emulator.core.models_file import read  # noqa: PLC0415 (most servers have no such file)

    try:
        return read(path)
    except OSError as error:
        raise CatalogError(str(path), ((), f"cannot be read: {error.strerror}")) from None
    except ValueError as error:
        raise CatalogError(str(path), ((), f"cannot be read: {' '.join(str(error).split())}")) from None
