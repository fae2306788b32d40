"""The types of the public names: the code that type checkers read is code that runs."""

import runpy
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

USAGE = runpy.run_path(str(Path(__file__).with_name("typed_usage.py")))


@pytest.mark.parametrize("name", [name for name in USAGE if name.partition("_")[0] in ("use", "catch", "show")])
def test_typed_code_runs(name: str) -> None:
    """A function of users does what its types say."""
    function: Callable[[], None] = USAGE[name]
    function()


def test_a_typed_test_case_runs() -> None:
    """A test case of users passes."""
    case: Any = USAGE["HelloTest"]
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    assert (result.testsRun, result.failures, result.errors) == (1, [], [])


def test_the_package_says_that_it_is_typed() -> None:
    """Type checkers read the types of an installed package only where this file is (PEP 561)."""
    import emulator

    assert Path(emulator.__file__).with_name("py.typed").exists()
