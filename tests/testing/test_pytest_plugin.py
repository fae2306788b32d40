"""The pytest plugin, in test runs of its own: what a test finds, what it fails by, and what it shares with others."""

import os
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points

import openai  # noqa: F401 (so that the runs in this process find it imported)
import pytest
import yaml  # noqa: F401 (each run would import it anew, but not its extension, which keeps the classes of the first)
from support.served import ROOT

ASKING = """
import os

import openai
import pytest


def ask(text="How is the weather?"):
    with openai.OpenAI(max_retries=0) as client:
        question = [{"role": "user", "content": text}]
        return client.chat.completions.create(model="zai-org/GLM-5.3", messages=question).choices[0].message.content


SUNNY = {"rules": [{"name": "sunny", "when": {"last_user": {"contains": "weather"}}, "reply": {"text": "Sunny."}}]}
"""
HERE = not entry_points(group="pytest11", name="akashml")
"""Whether the plugin has to be named, because the package is not installed."""


@pytest.fixture
def pytester(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder for test runs of their own, in which the plugin is known, and warnings are errors."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    named = ' "-p", "emulator.pytest_plugin",' if HERE else ""
    pytester.makepyprojecttoml(f"""
        [tool.pytest.ini_options]
        addopts = [{named} "-p", "no:cacheprovider", "--strict-markers"]
        filterwarnings = ["error"]
    """)
    return pytester


def run(pytester: pytest.Pytester, tests: str) -> pytest.RunResult:
    """Run these tests, which may `ask`; in this process, where the SDK is imported already."""
    pytester.makepyfile(ASKING + tests)
    return pytester.runpytest_inprocess()


def test_the_entry_point_is_the_plugin() -> None:
    """Installed, pytest finds the plugin by itself; importing it brings in nothing of the emulator."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"akashml": "emulator.pytest_plugin"}
    program = (
        "import emulator.pytest_plugin, sys; print(*(name for name in sys.modules if name.startswith('emulator')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["emulator", "emulator.pytest_plugin"]


def test_the_fixture_and_the_marker(pytester: pytest.Pytester) -> None:
    """The environment leads to the test's own namespace, which plays what the markers of test and class say."""
    result = run(
        pytester,
        """
        def test_generated(akashml):
            assert os.environ["OPENAI_BASE_URL"] == akashml.openai_base_url
            assert os.environ["ANTHROPIC_AUTH_TOKEN"] == akashml.key
            assert ask() != "Sunny."

        @pytest.mark.akashml(scenario=SUNNY)
        def test_without_the_fixture():
            assert ask() == "Sunny."

        @pytest.mark.akashml(scenario=SUNNY)
        class TestShop:
            def test_one(self, akashml):
                assert (ask(), len(akashml.inferences)) == ("Sunny.", 1)

            @pytest.mark.akashml(account={"credits": "0 USD"})
            def test_poor(self):
                with pytest.raises(openai.APIStatusError, match="402"):
                    ask()

        @pytest.mark.parametrize("said", [
            pytest.param("A", marks=pytest.mark.akashml(scenario=[{"reply": {"text": "A"}}])),
            pytest.param("B", marks=pytest.mark.akashml(scenario=[{"reply": {"text": "B"}}])),
        ])
        def test_cases(said):
            assert ask() == said

        def test_nothing_of_it():
            assert "OPENAI_BASE_URL" not in os.environ
        """.replace("\n        ", "\n"),
    )
    result.assert_outcomes(passed=7)


def test_the_nearest_marker_is_the_one_that_counts(pytester: pytest.Pytester) -> None:
    """A parameter's marker comes before the function's, that before the class's, and a class before its base."""
    result = run(
        pytester,
        """
        def saying(text):
            return pytest.mark.akashml(scenario=[{"reply": {"text": text}}])

        pytestmark = saying("module")

        def test_module():
            assert ask() == "module"

        @saying("base")
        class Base:
            def test_class(self):
                assert ask() == self.said

            @saying("function")
            @pytest.mark.parametrize("said", ["function", pytest.param("parameter", marks=saying("parameter"))])
            @pytest.mark.akashml(account={"credits": "5 USD"})
            def test_function(self, said):
                assert ask() == said

        class TestInherited(Base):
            said = "base"

        @saying("derived")
        class TestDerived(Base):
            said = "derived"
        """.replace("\n        ", "\n"),
    )
    result.assert_outcomes(passed=7)


def test_a_clock_is_a_tests_own(pytester: pytest.Pytester) -> None:
    """A test with a clock, a setting, or a scenario with a clock has a server of its own; others share one."""
    result = run(
        pytester,
        """
        urls = set()

        @pytest.mark.akashml(clock="frozen")
        def test_frozen(akashml):
            now = akashml.clock.now()
            akashml.clock.advance(3600)
            assert (akashml.clock.now(), akashml.clock.rate) == (now + 3600, 0)
            urls.add(akashml.url)

        @pytest.mark.akashml(scenario={**SUNNY, "clock": {"mode": "x60"}})
        def test_fast(akashml):
            assert akashml.clock.rate == 60
            assert ask() == "Sunny."
            urls.add(akashml.url)

        @pytest.mark.akashml(scenario="hello", max_n=1)
        def test_setting(akashml):
            assert akashml.engine.settings.max_n == 1
            urls.add(akashml.url)

        @pytest.mark.parametrize("number", [1, 2])
        def test_shared(akashml, akashml_server, number):
            assert akashml.clock.rate == 1
            assert akashml.url == akashml_server.url
            assert akashml.url not in urls
        """.replace("\n        ", "\n"),
    )
    result.assert_outcomes(passed=5)


def test_a_test_fails_at_its_end(pytester: pytest.Pytester) -> None:
    """A request without a rule and an unmet expectation fail the test, with the nearest rule and the story."""
    result = run(
        pytester,
        """
        @pytest.mark.akashml(scenario={**SUNNY, "unscripted": "fail"})
        def test_unmatched():
            with pytest.raises(openai.NotFoundError):
                ask("How warm is it?")

        @pytest.mark.akashml(scenario={**SUNNY, "expect": [{"rule": "sunny", "times": 2}]})
        def test_unmet():
            ask()

        @pytest.mark.akashml(scenario={**SUNNY, "expect": [{"rule": "sunny", "times": 1}]})
        def test_met():
            ask()
        """.replace("\n        ", "\n"),
    )
    result.assert_outcomes(passed=3, errors=2)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_unmatched*",
            "Not as the scenario 'inline' would have it:",
            "*request #1: No rule of the scenario 'inline' matches*The nearest: sunny*contain \"weather\"*",
            "What was asked and answered:",
            '*chat zai-org/GLM-5.3: "How warm is it?"',
            "*404*",
            "*ERROR at teardown of test_unmet*",
            "*the rule 'sunny' was to answer 2 times; it answered once*",
            '*200 by inline/sunny: "Sunny."',
        ]
    )


def test_a_failed_test_shows_the_story_once(pytester: pytest.Pytester) -> None:
    """A test that fails by itself shows what was asked beside its own error, and has no second one."""
    result = run(
        pytester,
        """
        @pytest.mark.akashml(scenario={**SUNNY, "expect": [{"rule": "sunny", "times": 2}]})
        def test_wrong():
            assert ask() == "Rainy."
        """.replace("\n        ", "\n"),
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*- emulator -*", "Not as the scenario*", '*200 by inline/sunny: "Sunny."'])


def test_a_test_that_did_not_pass_is_not_asked_for_more(pytester: pytest.Pytester) -> None:
    """One that is skipped half-way or was expected to fail stays what it is, whatever its scenario expects."""
    result = run(
        pytester,
        """
        pytestmark = pytest.mark.akashml(scenario={**SUNNY, "expect": [{"rule": "sunny", "times": 2}]})

        def test_skipped():
            pytest.skip("not here")

        @pytest.mark.xfail(strict=True)
        def test_known():
            assert ask() == "Rainy."
        """.replace("\n        ", "\n"),
    )
    result.assert_outcomes(skipped=1, xfailed=1)


@pytest.mark.parametrize(
    ("marker", "told"),
    [
        ('scenario="rate-limitd"', "*LookupError: There is no scenario 'rate-limitd'. Did you mean 'rate-limited'?*"),
        ('"hello"', "*keywords only: write scenario='hello'*"),
        ("scenario={'ruels': []}", '*did you mean "rules"*'),
        ("colour=1", "*colour*"),
        ("credits=5", '*: SettingsError: unknown setting "credits"; did you mean account={"credits": ...}?'),
        (
            'max_output="Reject"',
            '*: SettingsError: setting "max_output" cannot be "Reject": expected clamp or reject; *',
        ),
        ("keep_alive=None", '*: SettingsError: setting "keep_alive" cannot be "None": expected a duration *'),
        ("max_n=True", '*: SettingsError: setting "max_n" cannot be "True": expected a whole number of at least 1'),
        ("models=3", "*: CatalogError: models: expected a mapping of ids to fields, got 3"),
        (
            'clock="sleepy"',
            '*: ScenarioError: clock: mode: expected frozen, running or a speed such as x60, got "sleepy"',
        ),
    ],
)
def test_a_mistake_in_the_marker_is_told(pytester: pytest.Pytester, marker: str, told: str) -> None:
    """The test is an error before it begins; what is wrong is in the message, and no line of the emulator's own."""
    result = run(pytester, f"\n@pytest.mark.akashml({marker})\ndef test_it():\n    assert False\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([told])
    result.stdout.no_fnmatch_line("*emulator/*.py*")
    result.stdout.no_fnmatch_line("During handling of*")


def test_a_setting_in_the_marker_has_units(pytester: pytest.Pytester) -> None:
    """A marker's values mean what they mean everywhere."""
    result = run(
        pytester,
        """
        @pytest.mark.akashml(keep_alive="500ms", max_body_bytes="1MiB", count_tokens="no", keys="akml-a, akml-b")
        def test_it(akashml):
            settings = akashml.engine.settings
            assert (settings.keep_alive, settings.max_body_bytes, settings.count_tokens) == (0.5, 1024 * 1024, False)
            assert settings.keys == ("akml-a", "akml-b")
        """.replace("\n        ", "\n"),
    )
    result.assert_outcomes(passed=1)


def test_the_server_is_overridden(pytester: pytest.Pytester) -> None:
    """A suite that wants other settings for all its tests says so with its own fixture `akashml_server`."""
    result = run(
        pytester,
        """
        from emulator import Emulator

        @pytest.fixture(scope="session")
        def akashml_server():
            with Emulator(scenario=SUNNY) as akash:
                yield akash

        def test_it(akashml):
            assert ask() == "Sunny."
        """.replace("\n        ", "\n"),
    )
    result.assert_outcomes(passed=1)


def test_two_hundred_tests_on_four_workers(pytester: pytest.Pytester) -> None:
    """Each test has its own scenario, turns, credits and record, on one server a worker."""
    pytester.makepyfile(
        """
        import http.client, json, urllib.parse
        import pytest

        urls = set()

        def said(akashml):
            at = urllib.parse.urlsplit(akashml.url)
            connection = http.client.HTTPConnection(at.hostname, at.port)
            body = {"model": "zai-org/GLM-5.3", "messages": [{"role": "user", "content": "The same in all"}]}
            headers = {"Authorization": f"Bearer {akashml.key}"}
            connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
            answer = connection.getresponse()
            told = json.load(answer)
            connection.close()
            return told["choices"][0]["message"]["content"] if answer.status == 200 else answer.status

        @pytest.mark.parametrize("number", range(200))
        def test_alone(akashml, number):
            replies = [{"text": f"{number}, turn {turn}"} for turn in range(3)]
            account = {"credits": "0 USD"} if number % 5 == 0 else None
            scenario = {"rules": [{"name": "own", "replies": replies, "then": "fail"}]}
            akashml.scenario(scenario | ({"account": account} if account else {}))
            expected = [402] * 3 if account else [f"{number}, turn {turn}" for turn in range(3)]
            assert [said(akashml) for _ in range(3)] == expected
            assert len(akashml.inferences) == 3
            urls.add(akashml.url)
            assert len(urls) == 1
        """
    )
    result = pytester.runpytest_subprocess("-n", "4", "-q")
    result.assert_outcomes(passed=200)


def test_a_failed_test_shows_what_it_did_not_ask(pytester: pytest.Pytester) -> None:
    """Its report names an answer of the generator, the rules that never answered, and requests with other keys."""
    result = run(
        pytester,
        """
        @pytest.mark.akashml(scenario={**SUNNY, "unscripted": "generate"})
        def test_wrong(monkeypatch):
            ask("How warm is it?")
            monkeypatch.setenv("OPENAI_API_KEY", "akml-of-my-own")
            ask()
            assert False
        """.replace("\n        ", "\n"),
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*- emulator -*",
            "What was asked and answered:",
            '*chat zai-org/GLM-5.3: "How warm is it?"',
            "*200 by generator: *",
            "*expected to contain*weather*",
            "Rules that answered nothing: sunny",
            "Asked with other keys (akml*), which have scenarios and records of their own:",
            '*#2 at 0.000 s, chat zai-org/GLM-5.3: "How is the weather?"',
            "*200 by generator: *",
        ]
    )


def test_a_file_is_found_wherever_pytest_is_started(pytester: pytest.Pytester) -> None:
    """A scenario's file is looked for beside the test, in the folders above it, and in the working directory."""
    for folder, text in (("unit/deep/own", "Beside."), ("unit/all", "Above."), ("root", "Root."), ("here", "Here.")):
        file = pytester.path / folder / "story.yaml"
        if folder == "here":
            file = pytester.path.parent / f"{pytester.path.name}-elsewhere" / folder / "story.yaml"
        file.parent.mkdir(parents=True)
        file.write_text(f"rules: [{{reply: {{text: {text}}}}}]")
    tests = """
        from emulator import Emulator, emulated

        FOLDERS = {"own": "Beside.", "all": "Above.", "root": "Root.", "here": "Here."}

        @pytest.mark.parametrize("said", [
            pytest.param(said, marks=pytest.mark.akashml(scenario=f"{folder}/story.yaml"))
            for folder, said in FOLDERS.items()
        ])
        def test_marker(said):
            assert ask() == said

        @pytest.mark.parametrize(("folder", "said"), FOLDERS.items())
        def test_function(folder, said, akashml):
            akashml.scenario(f"{folder}/story.yaml")
            assert ask() == said
            with Emulator(scenario=f"{folder}/story.yaml"):
                pass

        @emulated(scenario="own/story.yaml")
        def test_decorator(akash):
            assert ask() == "Beside."

        @pytest.mark.akashml(scenario="owm/story.yaml")
        def test_missing():
            assert False
        """.replace("\n        ", "\n")
    (pytester.path / "unit" / "deep" / "test_files.py").write_text(ASKING + tests)
    elsewhere = pytester.path.parent / f"{pytester.path.name}-elsewhere"
    command = [sys.executable, "-m", "pytest", "-c", str(pytester.path / "pyproject.toml"), str(pytester.path)]
    done = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, check=False)
    assert "9 passed, 1 error" in done.stdout, done.stdout
    folders = [pytester.path / "unit" / "deep", pytester.path / "unit", pytester.path, elsewhere]
    looked = f"cannot be read: there is no such file in {', '.join(map(str, folders))}"
    assert f'owm/story.yaml: {looked}; did you mean "own/story.yaml"?' in done.stdout


@pytest.mark.parametrize(
    ("test", "line", "told"),
    [
        (
            "@pytest.mark.akashml(scenaro='hello')\ndef test_it(): ...",
            1,
            'unknown setting "scenaro"; did you mean "sce',
        ),
        (
            "@pytest.mark.akashml(scenario='hello')\n@pytest.mark.akashml(scenario='reasoning')\ndef test_it(): ...",
            1,
            "two markers in one place set scenario: keep one of them",
        ),
        (
            "@pytest.mark.akashml(scenario='helo')\nclass TestAll:\n    def test_it(self): ...",
            1,
            "id you mean 'hello'?",
        ),
        (
            "@pytest.mark.akashml(scenario='hello')\nclass TestAll:\n"
            "    @pytest.mark.akashml(acount={})\n    def test_it(self): ...",
            3,
            'unknown setting "acount"; did you mean "account"?',
        ),
        ("pytestmark = pytest.mark.akashml('hello')\ndef test_it(): ...", None, "write scenario='hello'"),
        (
            "@pytest.mark.parametrize('akashml', ['hello'], indirect=True)\ndef test_it(akashml): ...",
            1,
            "the fixture takes no parameter, got 'hello': use @pytest.mark.akashml",
        ),
    ],
)
def test_a_mistake_is_told_where_it_is(pytester: pytest.Pytester, test: str, line: int | None, told: str) -> None:
    """The message begins with the file, and the line of the function or class that has the marker."""
    result = run(pytester, "\n" + test)
    result.assert_outcomes(errors=1)
    place = "" if line is None else f":{ASKING.count(chr(10)) + line}"
    (said,) = [each for each in result.outlines if "akashml: " in each and not each.startswith("ERROR ")]
    assert said.startswith(f"test_a_mistake_is_told_where_it_is.py{place}: @pytest.mark.akashml: ")
    assert told in said


def test_the_marker_on_a_method_of_unittest(pytester: pytest.Pytester) -> None:
    """It runs with the marker's scenario."""
    result = run(
        pytester,
        """
        import unittest

        class Weather(unittest.TestCase):
            @pytest.mark.akashml(scenario=SUNNY)
            def test_it(self):
                self.assertEqual(ask(), "Sunny.")
        """.replace("\n        ", "\n"),
    )
    result.assert_outcomes(passed=1)
