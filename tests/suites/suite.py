"""What a suite of tests is that others wrote, and how it is run: its sources, its environment, its results.

A suite is the tests of a published package, as its sdist has them. pip downloads it at a pinned version into
.cache/suites/, so that nothing of it is in this repository. Its tests run in an environment of their own, against an
emulator that is served on a free port.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from support.served import ROOT, served

CACHE = ROOT / ".cache" / "suites"
KEY = "akml-0123456789abcdef"
Outcome: TypeAlias = Literal["passed", "failed", "skipped"]


class Reason(NamedTuple):
    """Why tests fail that ask for what the API does not have. `tests` are globs of their ids."""

    why: str
    tests: Sequence[str]

    def explains(self, test: str) -> bool:
        """Whether the test with this id is one of them."""
        return any(fnmatchcase(test, each) for each in self.tests)


class Suite(NamedTuple):
    """A suite of tests that others wrote.

    `package` is the one whose sdist has the tests, and `beside` are the other packages that they need. `tests` are the
    arguments of pytest that choose them; those of `left_out` leave some out, and its values say why. `place` is the
    package's folder in its repository, for tests that read the README above it. In the values of `environment` "{url}"
    is where the emulator listens.
    """

    name: str
    package: str
    version: str
    tests: Sequence[str]
    beside: Sequence[str] = ()
    extras: str = ""
    place: str = "sources"
    environment: Mapping[str, str] = {}
    serve: Sequence[str] = ()
    reasons: Sequence[Reason] = ()
    left_out: Mapping[str, str] = {}
    seconds: float = 180

    @property
    def folder(self) -> Path:
        """Where its sources, its environment and its results are."""
        return CACHE / self.name / self.version

    def run(self) -> Mapping[str, Outcome]:
        """Run the tests; returns what became of each. Raises SuiteError if they could not be run to their end."""
        python = self._python()
        results = self.folder / "results.xml"
        results.unlink(missing_ok=True)
        options = ["-o", "addopts=", "-p", "no:cacheprovider", "-q", "--tb=short", f"--junitxml={results}"]
        models = ("--models", str(Path(__file__).with_name("models.yaml")))
        with served(
            "--auth", "open", "--log-level", "error", *models, *self.serve, patience=self.seconds + 60
        ) as server:
            self._pytest(python, [*options, *self.left_out, *self.tests], server.url)
        if not results.exists():
            raise SuiteError(f"{self.name}: the tests did not run; see {self._output}")
        return read_results(results.read_text("utf-8"))

    @property
    def _output(self) -> Path:
        return self.folder / "output.txt"

    def _pytest(self, python: Path, arguments: Sequence[str], url: str) -> None:
        environment = {name: value.format(url=url) for name, value in self.environment.items()}
        with self._output.open("w") as output:
            try:
                subprocess.run(
                    [python, "-m", "pytest", *arguments],
                    cwd=self._sources(),
                    env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8", **environment},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    timeout=self.seconds,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                raise SuiteError(f"{self.name}: not done in {self.seconds:g} seconds; see {self._output}") from None

    def _sources(self) -> Path:
        """The unpacked sdist, downloaded if it is not there."""
        unpacked = self.folder / self.place
        if not unpacked.exists():
            download = self.folder / "download"
            _pip(sys.executable, "download", "--no-deps", "--no-binary", self.package, "-d", str(download), self._pin())
            with tarfile.open(next(download.glob("*.tar.gz"))) as archive:
                archive.extractall(download, filter="data")
            unpacked.parent.mkdir(parents=True, exist_ok=True)
            next(path for path in download.iterdir() if path.is_dir()).rename(unpacked)
            shutil.copy(unpacked / "README.md", self.folder)
            shutil.rmtree(download)
        return unpacked

    def _python(self) -> Path:
        """The interpreter of the suite's own environment, which is made anew when its packages are others."""
        environment = self.folder / "environment"
        python, installed = environment / "bin" / "python", environment / "packages.txt"
        packages = [self._pin(), *self.beside]
        if not installed.exists() or installed.read_text() != "\n".join(packages):
            subprocess.run([sys.executable, "-m", "venv", "--clear", environment], check=True)
            _pip(str(python), "install", *packages)
            installed.write_text("\n".join(packages))
        return python

    def _pin(self) -> str:
        return f"{self.package}{self.extras}=={self.version}"


class SuiteError(Exception):
    """A suite could not be run to its end."""


def _pip(python: str, *arguments: str) -> None:
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    if subprocess.run([*pip, *arguments], check=False).returncode:
        raise SuiteError(f"pip {' '.join(arguments)} failed")


def read_results(xml: str) -> Mapping[str, Outcome]:
    """What became of each test, by its id "module.Class.test[parameters]", as JUnit's XML tells it."""
    cases = ET.fromstring(xml).iter("testcase")  # noqa: S314 (written by pytest)
    return {f"{case.get('classname')}.{case.get('name')}": _outcome(case) for case in cases}


def _outcome(case: ET.Element) -> Outcome:
    found = {child.tag for child in case}
    if found & {"failure", "error"}:
        return "failed"
    return "skipped" if "skipped" in found else "passed"


def unexpected(suite: Suite, results: Mapping[str, Outcome]) -> Iterator[str]:
    """A line for each test whose outcome is not what the suite's reasons say, and for each of their idle globs."""
    wrong = Counter(
        f"{'fails' if outcome == 'failed' else 'passes now'}: {test.partition('[')[0]}"
        for test, outcome in results.items()
        if outcome != "skipped" and (outcome == "failed") != any(reason.explains(test) for reason in suite.reasons)
    )
    yield from (line if count == 1 else f"{line} ({count} times)" for line, count in wrong.items())
    for reason in suite.reasons:
        yield from (f"is no test: {each}" for each in reason.tests if not any(fnmatchcase(t, each) for t in results))
