"""Requests made from the types that an SDK gives its parameters: some of each TypedDict that a request can have.

The types decide everything but the values of texts and numbers, which the caller gives by the names of their keys.
"""

import collections.abc
import types
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Set
from functools import cache
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    NotRequired,
    Required,
    TypeAlias,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from typing_extensions import is_typeddict

Wrap: TypeAlias = Callable[[Any], Any]
_ARRAYS = frozenset({list, collections.abc.Iterable, collections.abc.Sequence})


class Example(NamedTuple):
    """A request: the TypedDict that it is an example of, where that stands and what it has, and the JSON body."""

    kind: type
    title: str
    body: dict[str, Any]


class _Place(NamedTuple):
    """Where a TypedDict stands in a request, and what makes the whole request of it."""

    kind: type
    path: str
    wrap: Wrap


class TypeWalk:
    """Walks the TypedDicts that `root` leads to; `samples` has the texts and numbers by key.

    Each TypedDict is sent with its required keys, with all keys, and with each alternative of each key: every word of a
    Literal, every member of a union.
    """

    def __init__(self, root: type, samples: Mapping[str, Any]) -> None:
        self._root = root
        self._samples = samples

    def examples(self) -> Iterator[Example]:
        """The requests, those of one TypedDict one after the other."""
        seen, places = {self._root}, deque([_Place(self._root, "", lambda value: value)])
        while places:
            kind, path, wrap = places.popleft()
            where = f"{kind.__name__} at {path or 'the top'}"
            for told, value in self._variants(kind):
                yield Example(kind, f"{where}: {told}", wrap(value))
            for key, hint in _hints(kind).items():
                for child, inner in _nested(hint):
                    if child not in seen:
                        seen.add(child)
                        places.append(_Place(child, f"{path}.{key}".strip("."), self._within(kind, key, wrap, inner)))

    def _within(self, kind: type, key: str, wrap: Wrap, inner: Wrap) -> Wrap:
        return lambda value: wrap({**self._least(kind), key: inner(value)})

    def _variants(self, kind: type) -> Iterator[tuple[str, dict[str, Any]]]:
        least, hints = self._least(kind), _hints(kind)
        yield "required keys", least
        yield "all keys", {key: self._first(hint, key) for key, hint in hints.items()}
        for key, hint in hints.items():
            for at, value in enumerate(self._alternatives(hint, key)):
                yield f"{key}, alternative {at}", {**least, key: value}

    def _least(self, kind: type) -> dict[str, Any]:
        required = _required(kind)
        return {key: self._first(hint, key) for key, hint in _hints(kind).items() if key in required}

    def _first(self, hint: Any, key: str) -> Any:
        return next(self._alternatives(hint, key))

    def _alternatives(self, hint: Any, key: str) -> Iterator[Any]:
        """A value of each form that the type allows in JSON; not null, which is the same as leaving the key out.

        A member of a union that is no type of JSON, such as a file or an object of the SDK, has none.
        """
        origin, arguments = get_origin(hint), get_args(hint)
        if key in self._samples and (hint in _PLAIN or str in arguments):
            yield self._samples[key]
        elif is_typeddict(hint):
            yield self._least(hint)
        elif origin is Literal:
            yield from arguments
        elif origin in (Union, types.UnionType):
            for member in arguments:
                if member is not type(None):
                    yield from self._alternatives(member, key)
        elif origin is dict:
            yield from ({"key": value} for value in self._alternatives(arguments[1], key))
        elif _is_array(origin):
            yield from ([value] for value in self._alternatives(arguments[0], key))
        elif hint in _PLAIN:
            yield _PLAIN[hint]


_ANYTHING = {"key": "value"}
_PLAIN: Mapping[Any, Any] = {str: "text", bool: True, int: 1, float: 0.5, object: _ANYTHING, Any: _ANYTHING}


def _is_array(origin: Any) -> bool:
    """Whether a generic type is written as an array: a list, an iterable, or a sequence protocol of an SDK's own."""
    return origin in _ARRAYS or getattr(origin, "__name__", "") == "SequenceNotStr"


def _nested(hint: Any) -> Iterator[tuple[type, Wrap]]:
    """The TypedDicts within a type, each with what makes a value of the type of it."""
    if is_typeddict(hint):
        yield hint, lambda value: value
        return
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return
    for argument in arguments:
        for kind, inner in _nested(argument):
            if origin is dict:
                yield kind, lambda value, inner=inner: {"key": inner(value)}  # type: ignore[misc]
            elif _is_array(origin):
                yield kind, lambda value, inner=inner: [inner(value)]  # type: ignore[misc]
            else:
                yield kind, inner


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


@cache
def _required(kind: Any) -> Set[str]:
    """The required keys. A class with postponed annotations knows only whether it is total."""
    required = set(kind.__required_keys__)
    for key, hint in get_type_hints(kind, include_extras=True).items():
        marks = _marks(hint)
        if Required in marks:
            required.add(key)
        elif NotRequired in marks:
            required.discard(key)
    return required


def _marks(hint: Any) -> list[Any]:
    """What is written around a type: Annotated, Required, NotRequired."""
    origin = get_origin(hint)
    return [origin, *_marks(get_args(hint)[0])] if origin in (Annotated, Required, NotRequired) else []
