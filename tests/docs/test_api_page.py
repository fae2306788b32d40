"""docs/api.md and the public names: the page is current, and the docstrings on it say all that a caller has to know."""

import ast
import asyncio
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from support.api_page import PAGE, PUBLIC, attributes, is_constructed, methods, page, parameters, quoted, shown_type
from support.house import ROOT

import emulator
from emulator import CatalogError, Emulator, ScenarioError, SettingsError, VirtualClock

WITH_A_CLOCK = {"clock": {"mode": "frozen"}, "rules": [{"reply": {"text": "Hi"}}]}
UNMET = {"rules": [{"name": "hello", "reply": {"text": "Hi"}}], "expect": [{"rule": "hello", "times": 1}]}


def callables() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Everything public that users call, by its name on the page."""
    for name, found in PUBLIC.items():
        if not inspect.isclass(found):
            yield name, found
            continue
        if is_constructed(found):
            yield name, found
        yield from ((f"{name}.{method}", each) for method, each in methods(found))


CALLABLES = dict(callables())
CLASSES = {name: found for name, found in PUBLIC.items() if inspect.isclass(found)}


def test_the_page_is_current() -> None:
    """docs/api.md is what `make api` writes."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_the_public_names_are_there() -> None:
    """`dir` shows the names of `__all__`; each is what it says, and no other is there."""
    assert set(dir(emulator)) == set(emulator.__all__)
    assert [name for name, found in PUBLIC.items() if found.__name__ != name] == []
    with pytest.raises(AttributeError, match="has no attribute 'Emulater'"):
        emulator.Emulater  # type: ignore[attr-defined] # noqa: B018


def test_type_checkers_know_the_public_names() -> None:
    """What is imported under TYPE_CHECKING, for type checkers, is what is imported when it is used, from there."""
    tree = ast.parse((ROOT / "emulator" / "__init__.py").read_text())
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    known = {
        alias.asname: node.module for node in guarded.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert known == emulator._PUBLIC


@pytest.mark.parametrize("name", CALLABLES)
def test_a_docstring_names_the_parameters(name: str) -> None:
    """Each parameter stands between backticks in the docstring."""
    assert set(parameters(CALLABLES[name])) <= quoted(CALLABLES[name])


@pytest.mark.parametrize("name", CALLABLES)
def test_a_docstring_names_what_is_raised(name: str) -> None:
    """Each error that the function itself raises stands in its docstring."""
    called = CALLABLES[name]
    source = ast.parse(textwrap.dedent(inspect.getsource(called.__init__ if inspect.isclass(called) else called)))
    raised = {
        found[0]
        for node in ast.walk(source)
        if isinstance(node, ast.Raise) and node.exc
        if (found := re.match(r"\w+", ast.unparse(node.exc)))
    }
    assert raised <= set(re.findall(r"\w+", inspect.getdoc(called) or ""))


@pytest.mark.parametrize("name", CLASSES)
def test_each_attribute_is_described(name: str) -> None:
    """An attribute has a docstring, or the docstring of its class names it."""
    said = inspect.getdoc(CLASSES[name]) or ""
    silent = [each for each, (_, docstring) in attributes(CLASSES[name]).items() if not docstring]
    assert [each for each in silent if each not in re.findall(r"\w+", said)] == []


@pytest.mark.parametrize("name", PUBLIC)
def test_the_types_of_what_is_public_are_public(name: str) -> None:
    """No signature and no attribute leads to a class of the package that is not on the page."""
    module = sys.modules[PUBLIC[name].__module__]
    signatures = [inspect.signature(each) for key, each in CALLABLES.items() if key.split(".")[0] == name]
    annotations = [
        *(each.annotation for signature in signatures for each in signature.parameters.values()),
        *(each.return_annotation for each in signatures),
        *(annotation for annotation, _ in attributes(CLASSES.get(name, object)).values()),
    ]
    words = {word for annotation in annotations for word in re.findall(r"\w+", shown_type(annotation))}
    classes = {word for word in words if inspect.isclass(getattr(module, word, None))}
    own = {word for word in classes if getattr(module, word).__module__.startswith("emulator.")}
    assert own <= set(PUBLIC)


CALLS: dict[str, tuple[str, type[BaseException], Callable[[], object]]] = {
    "a scenario with mistakes": ("Emulator", ScenarioError, lambda: Emulator(scenario=[{"replay": {}}])),
    "an account with mistakes": ("Emulator", ScenarioError, lambda: Emulator(account={"credit": "5 USD"})),
    "a clock with mistakes": ("Emulator", ScenarioError, lambda: Emulator(clock="quick")),
    "an unknown scenario": ("Emulator", LookupError, lambda: Emulator(scenario="no-such")),
    "models with mistakes": ("Emulator", CatalogError, lambda: Emulator(models={"mine": {"pricing": 1}})),
    "a session with a clock": ("Emulator.session", ValueError, lambda: Emulator().session("a", scenario=WITH_A_CLOCK)),
    "a session of an unknown scenario": (
        "Emulator.session",
        LookupError,
        lambda: Emulator().session("a", scenario="b"),
    ),
    "another unknown scenario": ("EmulatorInterface.scenario", LookupError, lambda: Emulator().scenario("no-such")),
    "another clock in a session": (
        "EmulatorInterface.scenario",
        ValueError,
        lambda: Emulator().session("a").scenario(WITH_A_CLOCK),
    ),
    "what was not met": ("EmulatorInterface.verify", AssertionError, lambda: Emulator(scenario=UNMET).verify()),
    "what was not met in a function": (
        "emulated",
        AssertionError,
        emulator.emulated(scenario=UNMET)(lambda akash: None),
    ),
    "a clock that runs backwards": ("VirtualClock.run", ValueError, partial(VirtualClock().run, -1)),
    "a clock that advances backwards": (
        "VirtualClock.advance",
        ValueError,
        lambda: asyncio.run(VirtualClock(rate=0).advance(-1)),
    ),
    "a server's clock that runs backwards": ("ServerClock.run", ValueError, lambda: Emulator().clock.run(-1)),
    "a server's clock before it runs": ("ServerClock.advance", RuntimeError, lambda: Emulator().clock.advance(1)),
}


@pytest.mark.parametrize("case", CALLS)
def test_what_is_raised_is_on_the_page(case: str) -> None:
    """A call that goes wrong raises what the docstring of the callable says."""
    name, error, call = CALLS[case]
    with pytest.raises(error):
        call()
    assert error.__name__ in (inspect.getdoc(CALLABLES[name]) or "")


def test_an_error_is_a_value_error() -> None:
    """Each of the package's own errors can be caught as a ValueError."""
    assert all(issubclass(error, ValueError) for error in (ScenarioError, SettingsError, CatalogError))
