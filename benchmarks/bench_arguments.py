"""How often generated tool calls are those that a prompt asks for, and what they cost.

The prompts and the accepted answers are those of the Berkeley Function Calling Leaderboard, by its own rule: a text is
compared without case, spaces and punctuation, a list item by item, and a parameter may be missing if "" is accepted.
They come with the package bfcl-eval, or from its data folder: `python bench_arguments.py [FOLDER]`. Arguments are
counted in the calls that are made to a right function. Prompts are split into even and odd ones: rules that were
written with one half in view must hold for the other.
"""

import json
import re
import sys
import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from emulator.core.seeds import Seed
from emulator.core.vocabulary import InferenceRequest, Message, Tool
from emulator.generator.calls import Structured

CATEGORIES = ("simple_python", "multiple", "parallel", "parallel_multiple", "irrelevance")
LIMIT = 200
TYPES = {"dict": "object", "float": "number", "tuple": "array"}
SEED = Seed.of(1)


def folder() -> Path | None:
    """The folder of the data: the one that is given, or that of the installed package."""
    if len(sys.argv) > 1:
        return Path(sys.argv[1])
    found = find_spec("bfcl_eval")
    return Path(found.origin).parent / "data" if found and found.origin else None


def lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def schema(value: Any) -> Any:
    """The JSON Schema of what the data describes with Python's names of types."""
    if isinstance(value, list):
        return [schema(item) for item in value]
    if not isinstance(value, dict):
        return value
    said = {key: schema(item) for key, item in value.items() if (key, item) != ("type", "any")}
    if isinstance(said.get("type"), str):
        said["type"] = TYPES.get(said["type"], said["type"])
    return said


def request(entry: Mapping[str, Any]) -> InferenceRequest:
    messages = tuple(Message(message["role"], message["content"]) for message in entry["question"][0])
    tools = tuple(Tool(each["name"], each["description"], schema(each["parameters"])) for each in entry["function"])
    return InferenceRequest(endpoint="chat", model="m", messages=messages, tools=tools)


def plain(value: Any) -> Any:
    """A value as it is compared."""
    if isinstance(value, str):
        return re.sub(r"[ ,./\-_*^]", "", value).lower().replace("'", '"')
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def accepts(options: list[Any], value: Any) -> bool:
    if isinstance(value, dict):
        return any(
            isinstance(option, dict)
            and value.keys() <= option.keys()
            and all(accepts(option[key], value[key]) if key in value else "" in option[key] for key in option)
            for option in options
        )
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return any(
            isinstance(option, list)
            and len(option) == len(value)
            and all(accepts([one], item) for one, item in zip(option, value, strict=True))
            for option in options
        )
    alike = (option for option in options if isinstance(option, bool) == isinstance(value, bool))
    return plain(value) in [plain(option) for option in alike]


def right(truth: Mapping[str, list[Any]], arguments: Mapping[str, Any]) -> int:
    """How many arguments of a call are accepted."""
    return sum(
        accepts(options, arguments[name]) if name in arguments else "" in options for name, options in truth.items()
    )


class Score:
    """What was counted of some prompts."""

    def __init__(self) -> None:
        self.prompts = self.called = self.shape = self.whole = self.arguments = self.accepted = 0

    def add(self, truths: list[dict[str, dict[str, list[Any]]]], calls: list[tuple[str, dict[str, Any]]]) -> None:
        """Count the calls of a prompt."""
        self.prompts += 1
        self.called += bool(calls)
        wanted = [(name, truth) for each in truths for name, truth in each.items()]
        alike = sorted(name for name, _ in wanted) == sorted(name for name, _ in calls)
        self.shape += alike
        accepted = total = 0
        left = list(calls)
        for name, truth in wanted:
            mine = [call for call in left if call[0] == name]
            if mine:
                best = max(mine, key=lambda call: right(truth, call[1]))
                left.remove(best)
                accepted += right(truth, best[1])
                total += len(truth)
        self.whole += alike and accepted == total
        self.accepted += accepted
        self.arguments += total

    def row(self) -> str:
        """The figures, as a row of the table."""
        share = f"{100 * self.accepted / self.arguments:.0f} %" if self.arguments else ""
        return f"{self.prompts:8}{self.called:8}{self.shape:8}{self.whole:8}{self.arguments:11}{share:>10}"


def main() -> None:
    data = folder()
    if data is None:
        print("skipped: the package bfcl-eval is not installed, and no folder of its data is given")
        return
    print(f"{'prompts':26}{'number':>8}{'called':>8}{'calls':>8}{'whole':>8}{'arguments':>11}{'accepted':>10}")
    times = []
    for category in CATEGORIES:
        file = f"BFCL_v4_{category}.json"
        answers = data / "possible_answer" / file
        truths = {each["id"]: each["ground_truth"] for each in lines(answers)} if answers.exists() else {}
        scores = {"even": Score(), "odd": Score()}
        for number, entry in enumerate(list(lines(data / file))[:LIMIT]):
            asked = request(entry)
            start = time.process_time()
            drafts = Structured(asked).tool_calls(SEED)
            times.append((time.process_time() - start) * 1e3)
            calls = [(draft.name, json.loads(draft.arguments.text)) for draft in drafts]
            scores[("even", "odd")[number % 2]].add(truths.get(entry["id"], []), calls)
        for half, score in scores.items():
            print(f"{category + ', ' + half:26}{score.row()}")
    times.sort()
    usual, long = times[len(times) // 2], times[len(times) * 19 // 20]
    print(f"milliseconds an answer: half within {usual:.2f}, 95 % within {long:.2f}")


if __name__ == "__main__":
    main()
