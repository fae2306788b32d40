"""The file of a recording: a scenario with a rule for each conversation, rewritten after each exchange.

Edits made by hand are kept, except for comments. Recording a conversation again replaces its replies from earlier
sessions; within a session, replies are appended.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from emulator.core.catalog import Catalog
from emulator.core.files import write_atomically
from emulator.core.seeds import canonical
from emulator.core.vocabulary import InferenceRequest
from emulator.recording import conversations
from emulator.scenario import writing
from emulator.scenario.loader import load_file, load_text
from emulator.scenario.match import match
from emulator.scenario.reading import nodes
from emulator.scenario.reading.mistakes import MistakeCollector, ScenarioError
from emulator.scenario.reading.nodes import MAX_BYTES
from emulator.scenario.subject import Subject
from emulator.scenario.types import Condition
from emulator.scenario.writing import BlockMapping, Unwritable, dump, dump_rule

_HEADER = """\
# yaml-language-server: $schema=../scenario.schema.json
# Recorded. Edit it as you like: recording again replaces the replies of the same conversations, and drops comments.

"""
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9]+")


class BookError(Exception):
    """A recording cannot be kept; the message is meant for the user."""


class _Rule(msgspec.Struct):
    """A rule as data, what it matches, and its YAML."""

    written: dict[str, Any]
    condition: Condition
    text: str


class Book:
    """The scenario of a recording and its file, which is created when the first rule is added.

    A session lasts from the opening of the book to the end of the recorder.
    """

    def __init__(self, path: Path, catalog: Catalog, description: str = "") -> None:
        """Open an existing file, or start a new one.

        Raises ScenarioError for a file with mistakes, and BookError for one that cannot be rewritten.
        """
        self.path = path.resolve()
        self.name = _NOT_IN_A_NAME.sub("-", path.stem).strip("-") or "recording"
        self._catalog = catalog
        self._world: dict[str, Any] = {"name": self.name, "unscripted": "fail"}
        if description:
            self._world = {"name": self.name, "description": description, "unscripted": "fail"}
        self._rules: list[_Rule] = []
        self._session: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        if self.path.exists():
            self._open()

    def _open(self) -> None:
        scenario = load_file(self.path, catalog=self._catalog)
        text = self.path.read_text("utf-8-sig")
        node = nodes.from_text(text, MistakeCollector(str(self.path), text))
        world: dict[str, Any] = node.plain() if node is not None else {}
        try:
            for written, rule in zip(world.pop("rules", []), scenario.rules, strict=True):
                self._rules.append(_rule(_with_replies(written), rule.when))
        except Unwritable as error:
            raise BookError(f"{self.path} cannot be written again: {error}") from None
        self._world = {"name": scenario.name, **world}

    def text(self) -> str:
        """The scenario in YAML."""
        return _HEADER + dump(BlockMapping(self._world)) + "\nrules:\n" + "".join(rule.text for rule in self._rules)

    def answers(self, request: InferenceRequest) -> bool:
        """Whether a rule answers a request: one written by hand, or the one recorded for this conversation."""
        rule = self._matching(request)
        return rule is not None and self._conversation(rule) in (None, conversations.digest(request))

    def began(self, request: InferenceRequest) -> bool:
        """Whether the conversation was recorded since the book was opened."""
        return conversations.digest(request) in self._session

    def single(self, request: InferenceRequest, reply: Mapping[str, Any], answered: str | None) -> str:
        """A scenario in YAML with only this reply, under the condition that a new rule would have."""
        rule = {"when": next(conversations.conditions(request)), "replies": [reply]}
        world = {"unscripted": "fail", **self._models(request, answered)}
        return dump(BlockMapping(world)) + "rules:\n" + dump_rule(rule)

    def add(self, request: InferenceRequest, reply: Mapping[str, Any], number: int, answered: str | None) -> str:
        """Add a reply, the `number`-th request of the session, and write the file; returns the rule's name.

        `answered` is the model named in the answer. Raises BookError if the file would exceed the size limit of
        scenarios, or cannot be written.
        """
        told = self._session.setdefault(conversations.digest(request), [])
        told.append((number, dict(reply)))
        told.sort(key=lambda numbered: numbered[0])
        replies = _shortened([reply for _, reply in told])
        world, rules = self._world, list(self._rules)
        self._world = {**world, **self._models(request, answered)}
        try:
            name = self._put(request, replies)
            self._write()
        except (BookError, ScenarioError, Unwritable, OSError) as error:
            self._world, self._rules = world, rules
            told.remove((number, dict(reply)))
            raise BookError(str(error)) from None
        return name

    def _put(self, request: InferenceRequest, replies: list[dict[str, Any]]) -> str:
        digest = conversations.digest(request)
        for at, rule in enumerate(self._rules):
            if self._conversation(rule) == digest:
                written = {**rule.written, "replies": replies}
                self._rules[at] = _rule(written, rule.condition)
                return str(written["name"])
        before = self._matching(request)
        usual, exact = conversations.conditions(request)
        same = any(_folded(rule.written.get("when")) == _folded(usual) for rule in self._rules)
        written = {"name": conversations.name(request), "when": exact if same else usual, "replies": replies}
        at = self._rules.index(before) if before is not None else len(self._rules)
        self._rules.insert(at, _rule(written, self._condition(written)))
        return str(written["name"])

    def _condition(self, written: dict[str, Any]) -> Condition:
        world = {"models": self._world["models"]} if "models" in self._world else {}
        alone = (
            dump(BlockMapping({"name": "alone", **world}))
            + "rules:\n"
            + dump_rule({**written, "replies": [{"text": ""}]})
        )
        return load_text(alone, str(self.path), catalog=self._catalog).rules[0].when

    def _models(self, request: InferenceRequest, answered: str | None) -> dict[str, Any]:
        known = self._world.get("models", {})
        ids = dict.fromkeys(id for id in (request.model, answered) if id)
        models = {**known, **writing.models(ids, self._catalog.with_models(known))}
        return {"models": models} if models else {}

    def _matching(self, request: InferenceRequest) -> _Rule | None:
        subject = Subject(request)
        return next((rule for rule in self._rules if match(rule.condition, subject) is not None), None)

    def _conversation(self, rule: _Rule) -> str | None:
        """The digest of the conversation that the rule was recorded from; None for a rule written by hand."""
        found = conversations.RECORDED.fullmatch(str(rule.written.get("name", "")))
        return found[1] if found else None

    def _write(self) -> None:
        text = self.text().encode()
        if len(text) > MAX_BYTES:
            raise BookError(
                f"{self.path} would be longer than the {MAX_BYTES:,} bytes of a scenario: begin another file"
            )
        write_atomically(self.path, text)


def _rule(written: dict[str, Any], condition: Condition) -> _Rule:
    return _Rule(written, condition, dump_rule(written))


def _with_replies(written: dict[str, Any]) -> dict[str, Any]:
    """The rule with a list of replies, even if it was written in the short form."""
    return {name: value for name, value in written.items() if name != "reply"} | {
        "replies": written.get("replies") or [written["reply"]]
    }


def _folded(when: Any) -> str:
    """A condition as text. Conditions with equal texts match the same requests, because lookups ignore case."""
    return canonical(when).decode().casefold()


def _shortened(replies: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Merge equal consecutive replies into one with `times`; the last reply repeats anyway."""
    runs = [(reply, len(list(run))) for reply, run in groupby(replies)]
    told = [reply if times == 1 else reply | {"times": times} for reply, times in runs]
    return [*told[:-1], runs[-1][0]]
