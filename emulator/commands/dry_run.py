"""Scenarios without a server: playing each rule dry, and telling which rule would answer a request."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from emulator.core.catalog import Catalog
from emulator.core.clock import EPOCH, VirtualClock
from emulator.core.fields import decode
from emulator.core.seeds import Seed
from emulator.core.settings import Settings
from emulator.core.vocabulary import Hangup, InferenceRequest, Message, Raw, Rejected
from emulator.dialects import Dialect
from emulator.dialects.anthropic.messages import AnthropicMessages
from emulator.dialects.openai.chat import OpenAIChat
from emulator.dialects.openai.completions import OpenAICompletions
from emulator.engine.engine import Engine
from emulator.engine.planner import Planner
from emulator.engine.scripted_steps import perform
from emulator.scenario.library import Library, LoadedScenario
from emulator.scenario.loader import load_file
from emulator.scenario.match import Match
from emulator.scenario.reading.mistakes import Mistake, ScenarioError
from emulator.scenario.reply import ReplyContext
from emulator.scenario.subject import Subject
from emulator.scenario.types import Reply, Rule
from emulator.store.memory import MemoryStore

_KEY = "akml-rehearsal"
_SETTINGS = Settings()
_DIALECTS: dict[str, Dialect] = {
    dialect.endpoint: dialect
    for dialect in (OpenAIChat(_SETTINGS), OpenAICompletions(_SETTINGS), AnthropicMessages(_SETTINGS))
}


def rehearse(path: Path) -> tuple[Mistake, ...]:
    """The mistakes of a scenario: those of reading it, and those that show when its replies are played dry.

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


def _failures(story: LoadedScenario, rule: Rule, reply: Reply) -> Iterator[str]:
    groups = dict.fromkeys(rule.when.names, "")
    for endpoint, dialect in _DIALECTS.items():
        for stream in (True, False):
            request = _sample(endpoint, stream)
            context = ReplyContext(story.scenario, rule, Match(groups), Subject(request), Seed.of("sample"), EPOCH)
            model = next(iter(story.catalog))
            try:
                performance = perform(Planner(_SETTINGS), reply, context, model, Seed.of("sample"))
                encoder = dialect.encoder(request, "request")
                for step in performance.steps:
                    if not isinstance(step.event, Hangup | Raw):
                        encoder.frames(step.event)
            except Rejected as rejected:
                # A template can need what only a real request has, such as a field of a tool's result.
                if rejected.error.kind != "internal":
                    yield rejected.error.message


def _sample(endpoint: Any, stream: bool) -> InferenceRequest:
    said = "This is a sample."
    if endpoint == "completions":
        return InferenceRequest("completions", "sample", prompts=(said,), stream=stream)
    return InferenceRequest(endpoint, "sample", messages=(Message("user", said),), stream=stream)


def explained(scenario: Path, request: Path, endpoint: str | None = None) -> tuple[str, bool]:
    """Which rule of a scenario's file answers the request in a JSON file, in words; and whether one does.

    Raises ScenarioError for a scenario with mistakes, OSError for a file that cannot be read, and Rejected for a
    request that the API would refuse.
    """
    catalog = Catalog.load()
    engine = Engine(_SETTINGS, catalog, VirtualClock(EPOCH, rate=0), MemoryStore(), Library(catalog, []))
    name = engine.library.add(load_file(scenario, catalog=catalog)).scenario.name
    engine.activate(name)
    body = decode(request.read_bytes())
    asked = _DIALECTS[endpoint or _endpoint_of(body)].parse(body, {}, _KEY)
    told = engine.explain(asked)
    if told["rule"] is not None:
        return f"{scenario}: the rule {told['rule']} answers", True
    lines = [f"{scenario}: no rule answers; the nearest are"]
    for near in told["nearest"]:
        lines.append(f"  {near['rule']} (line {near['line']})")
        lines += [f"    {difference}" for difference in near["differences"]]
    return "\n".join(lines), False


def _endpoint_of(body: dict[str, Any]) -> str:
    """Whose request this is, by the fields that only one endpoint has or needs."""
    if "prompt" in body:
        return "completions"
    return "messages" if "system" in body or ("max_tokens" in body and "--" in str(body.get("model"))) else "chat"
