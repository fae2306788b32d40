"""The emulator for a test function, as a decorator, and for a unittest test case, as a mix-in."""

import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

from emulator.testing.files import calling_file, file_of, located
from emulator.testing.server import Emulator, Session

T = TypeVar("T")


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set these environment variables within the `with` block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _emulator(keywords: Mapping[str, Any], beside: Path | None) -> Iterator[Emulator]:
    """An emulator with its environment variables; it is verified at the end unless the test itself failed."""
    with Emulator(**located(keywords, beside)) as akash, environment(akash.env()):
        yield akash
        akash._check()


def emulated(**keywords: Any) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Decorate a function, which may be async, to run with an `Emulator` as its keyword argument `akash`.

    `keywords` and errors are those of `Emulator`. While the function runs, the environment variables of the SDKs point
    to the emulator. Raises AssertionError at the end as `verify` does, but not if nothing was asked.
    """
    beside = calling_file()

    def decorate(function: Callable[..., T]) -> Callable[..., T]:
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def run_async(*args: Any, **kwargs: Any) -> Any:
                with _emulator(keywords, beside) as akash:
                    return await function(*args, akash=akash, **kwargs)

            return cast(Callable[..., T], _without_akash(run_async, function))

        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            with _emulator(keywords, beside) as akash:
                return function(*args, akash=akash, **kwargs)

        return cast(Callable[..., T], _without_akash(run, function))

    return decorate


def _without_akash(run: Callable[..., Any], function: Callable[..., Any]) -> Any:
    """Hide the parameter `akash`, because test runners look for a fixture for each parameter of the signature."""
    signature = inspect.signature(function)
    left = [parameter for name, parameter in signature.parameters.items() if name != "akash"]
    run.__signature__ = signature.replace(parameters=left)  # type: ignore[attr-defined] # inspect reads it first
    return run


class AkashMLMixin:
    """A mix-in for unittest.TestCase and IsolatedAsyncioTestCase: one server for the class, one session for each test.

    While a test runs, the environment variables of the SDKs point to its session, which is verified at the end.

        class ShopTest(AkashMLMixin, unittest.TestCase):
            akashml = {"scenario": "rate-limited-then-recovers"}
    """

    akashml: ClassVar[Mapping[str, Any]] = {}
    """The keywords of the class's `Emulator`."""
    akash: Session
    """The session of the running test."""
    _server: ClassVar[Emulator]

    @classmethod
    def setUpClass(cls) -> None:
        """Start the server. Raises TypeError if `akashml` is no mapping of keywords, and what `Emulator` raises."""
        case = cast(Any, cls)
        if not isinstance(cls.akashml, Mapping):
            expected = 'the keywords of Emulator, such as {"scenario": "hello"}'
            raise TypeError(f"{cls.__name__}.akashml: expected {expected}, got {cls.akashml!r}")
        declaring = next(each for each in cls.__mro__ if "akashml" in vars(each))
        module = sys.modules.get(declaring.__module__)
        keywords = located(cls.akashml, file_of(vars(module)) if module else None)
        case._server = case.enterClassContext(Emulator(**keywords))
        cast(Any, super()).setUpClass()

    def setUp(self) -> None:
        """Start a session."""
        case = cast(Any, self)
        self.akash = case.enterContext(self._server.session(case.id()))
        case.enterContext(environment(self.akash.env()))
        case.addCleanup(self.akash._check)
        cast(Any, super()).setUp()
