"""Scenarios without a server: dry runs of all rules, and finding the rule that answers a request."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec

from emulator.core.catalog import Catalog
from emulator.core.clock import EPOCH, VirtualClock
from emulator.core.errors import Rejected
from emulator.core.explanation import Explanation
from emulator.core.fields import decode
from emulator.core.prompt_sizes import PromptSize
from emulator.core.seeds import Seed
from emulator.core.settings import Settings
from emulator.core.vocabulary import Hangup, InferenceRequest, Raw, Sampling
from emulator.dialects.endpoints import ENDPOINTS, Dialects, endpoint_of
from emulator.engine import make_engine
from emulator.engine.planner import Planner, unknown_model
from emulator.engine.scripted_steps import scripted_answer
from emulator.scenario.language.shadowing import warnings
from emulator.scenario.library import Library, LoadedScenario
from emulator.scenario.loader import load_file
from emulator.scenario.match import Match
from emulator.scenario.reading.comments import cut_texts
from emulator.scenario.reading.mistakes import Mistake, ScenarioError
from emulator.scenario.reply import ReplyContext
from emulator.scenario.subject import Subject
from emulator.scenario.types import Reply, Rule
from emulator.testing.building import find_scenario

_KEY = "akml-dry-run"
_SETTINGS = Settings()
_DIALECTS = Dialects(_SETTINGS).by_name


def dry_run(path: Path) -> tuple[Mistake, ...]:
    """The mistakes in a scenario: those found on reading it, and those found by playing its replies.

    Every reply of every rule is played to a sample request in every dialect, streaming and not, without waiting.
    """
    catalog = Catalog.load()
    library = Library(catalog, [])
    try:
        story = library.add(load_file(path, catalog=catalog))
    except ScenarioError as error:
        return error.mistakes
    mistakes = []
    for rule in story.scenario.rules:
        for reply in rule.replies:
            if wrong := next(_failures(story, rule, reply), None):
                place = f"rules[{story.scenario.rules.index(rule)}].replies[{rule.replies.index(reply)}]"
                mistakes.append(Mistake(str(path), reply.line or rule.line, 1, place, f"cannot be played: {wrong}"))
    return tuple(mistakes)


def unreached(path: Path) -> tuple[Mistake, ...]:
    """A warning for each rule that no request reaches, and each text that a comment cuts; none for a wrong file."""
    try:
        return (
            *warnings(load_file(path, catalog=Catalog.load())),
            *cut_texts(str(path), path.read_text(encoding="utf-8-sig")),
        )
    except ScenarioError:
        return ()


def _failures(story: LoadedScenario, rule: Rule, reply: Reply) -> Iterator[str]:
    groups = dict.fromkeys(rule.when.names, "")
    for endpoint, dialect in _DIALECTS.items():
        for stream in (True, False) if ENDPOINTS[endpoint].streaming else (False,):
            request = _sample(endpoint, stream=stream)
            context = ReplyContext(story.scenario, rule, Match(groups), Subject(request), Seed.of("sample"), EPOCH)
            model = next(iter(story.catalog))
            try:
                answer = scripted_answer(
                    Planner(_SETTINGS), reply, context, model, PromptSize(request), Seed.of("sample")
                )
                encoder = dialect.encoder(request, "request")
                for step in answer.steps:
                    if not isinstance(step.event, Hangup | Raw):
                        encoder.frames(step.event)
            except Rejected as rejected:
                # A template may need data that only a real request has, such as a field of a tool's result.
                if rejected.error.kind != "internal":
                    yield rejected.error.message


def _sample(endpoint: str, *, stream: bool) -> InferenceRequest:
    """The endpoint's sample request, without its limits: each reply is played to its end."""
    body = {**ENDPOINTS[endpoint].sample, "stream": stream}
    return msgspec.structs.replace(_DIALECTS[endpoint].parse(body, {}, _KEY), sampling=Sampling())


def explained(scenario: str, request: bytes, endpoint: str | None = None) -> Explanation:
    """Explain which rule of a scenario answers a request. `scenario` is a file or the name of a shipped one.

    Raises ScenarioError for a scenario with mistakes, LookupError for an unknown one, and Rejected for a request that
    the API would refuse.
    """
    catalog = Catalog.load()
    library = Library(catalog)
    found = find_scenario(Path(scenario).absolute() if Path(scenario).exists() else scenario, library)
    story = library.add(found)
    engine = make_engine(_SETTINGS, catalog, VirtualClock(EPOCH, rate=0), library, story.scenario.name)
    body = decode(request)
    asked = _DIALECTS[endpoint or endpoint_of(body)].parse(body, {}, _KEY)
    explanation = asyncio.run(engine.explain(asked))
    known = story.catalog.named(asked.model, aliased=asked.aliased) is not None
    warning = "" if known else unknown_model(asked.model, story.catalog).message
    return msgspec.structs.replace(explanation, chosen_by="the command line", warning=warning)
