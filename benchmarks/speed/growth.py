"""What an answer costs as work grows: rules, records, keys, the conversation, and a schema's fields."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from .answers import KEY_NUMBER, Answer, Request, chat
from .bench import RULES, SHORT, TEXT, Bench
from .load import Contestant, compare, measure, voiding, wrk
from .report import Outcome, Series, Table
from .rows import whole_text
from .servers import Server

ROUNDS = 3
RECORDS = (1, 1_000, 10_000, 100_000, 1_000_000)
KEYS = (1, 10, 100, 1_000, 10_000)
KILOBYTES = (1, 10, 100, 1_000)
FIELDS = (1, 10, 50, 200)
MOST_SECONDS = 120
"""How long requests are sent to fill the record; the table has what was seen by then."""


def growth(bench: Bench) -> Outcome:
    """What an answer costs, for each size of each thing that grows."""
    server = bench.ours()["emulator"]
    series = [
        compared("rules", server, {size: chat(f"akml-rules-{size}") for size in RULES}),
        compared("KB of conversation", server, {size: chat("akml-plain", history=size * 1000) for size in KILOBYTES}),
        schemas(server),
        keys(bench),
        records(bench),
    ]
    columns = max(len(each.points) for each in series)
    lines = [[each.name, *each.cells(), *[""] * (columns - len(each.points))] for each in series]
    text = (
        "Microseconds of processor time for each whole answer of 200 words, each prompt new; with a schema, the "
        "answer is generated; of the rules, the last one matches; the requests that were seen have a short answer."
    )
    table = Table(["what grows", *["size: cost"] * columns], lines)
    return Outcome("Cost as work grows", text, table, series=series)


def compared(name: str, server: Server, requests: Mapping[int, Request]) -> Series:
    """The cost of each of these requests, measured in turn, whose answers are all the text."""
    return costs(name, {size: Contestant(name, server, asked, whole_text(TEXT)) for size, asked in requests.items()})


def costs(name: str, contestants: Mapping[int, Contestant]) -> Series:
    """The cost of each of these, measured in turn."""
    compare(list(contestants.values()), ROUNDS, 1)
    points = [(size, each.processor) for size, each in contestants.items() if not each.void]
    return Series(name, points, "; ".join(f"{size}: {each.void}" for size, each in contestants.items() if each.void))


def schemas(server: Server) -> Series:
    """The fields of a schema that a generated answer fills."""
    contestants = {
        count: Contestant("", server, chat("akml-local", response_format=schema(count)), filled(count), spread=0.5)
        for count in FIELDS
    }
    return costs("fields of a schema", contestants)


def schema(count: int) -> dict[str, Any]:
    """A response format of so many fields, of four types."""
    types: list[dict[str, Any]] = [{"type": "string"}, {"type": "integer"}, {"type": "boolean"}, {"enum": ["a", "b"]}]
    properties = {f"field_{number}": types[number % 4] for number in range(count)}
    content = {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}
    return {"type": "json_schema", "json_schema": {"name": "form", "strict": True, "schema": content}}


def filled(count: int) -> Callable[[Answer], str]:
    """What is wrong with an answer that has not so many fields."""

    def wrong(answer: Answer) -> str:
        fields = len(json.loads(answer.text()))
        return "" if fields == count else f"{fields} fields were answered instead of {count}"

    return wrong


def keys(bench: Bench) -> Series:
    """The keys that requests come with, each with turns of its own."""
    with bench.fresh()["emulator"]() as server:
        request = chat(f"akml-plain--{KEY_NUMBER.decode()}")
        contestants = {size: Contestant("", server, request, whole_text(TEXT), keys=size) for size in KEYS}
        return costs("keys", contestants)


def records(bench: Bench) -> Series:
    """The requests that a server has seen, whose record keeps the last ones; their answer is short."""
    points = []
    with bench.fresh()["emulator"]() as server:
        asking = Contestant("", server, chat("akml-short"), whole_text(SHORT))
        deadline = time.monotonic() + MOST_SECONDS
        with voiding(asking):
            for wanted in RECORDS:
                while asking.answered < wanted - 1 and time.monotonic() < deadline:
                    left = (wanted - asking.answered) / asking.rate
                    wrk(asking, min(left, deadline - time.monotonic()))
                seen = asking.answered + 1
                asking.rounds.append(measure(asking, 1))
                points.append((seen, asking.rounds[-1].processor))
    return Series("requests seen", points, asking.void)
