"""Lets wrk ask a server, and checks what it was told: a figure counts only if the answers are right."""

import contextlib
import json
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from .answers import Answer, Request, ask
from .servers import LOAD_CORE, Server, pinned

SCRIPT = Path(__file__).with_name("prompts.lua")
CONNECTIONS = 16
NUMBERS = 10_000_000
"""How many requests one round can number."""


class Void(Exception):
    """The answers are not those that were expected, so the figure means nothing."""


class Round(NamedTuple):
    """One round: answers per second, microseconds of the server's processor for each, and wrk's share of its core."""

    rate: float
    processor: float
    load: float


@dataclass
class Contestant:
    """A server, and what it is asked.

    `wrong` says what is wrong with an answer, and is empty for a right one. `goal` is how many times as fast the
    emulator shall be, and 0 if there is no goal. `asked` counts the blocks of numbers that were used, `answered`
    the answers, and `events` the events with text of one answer.
    """

    name: str
    server: Server
    request: Request
    wrong: Callable[[Answer], str]
    goal: float = 0
    keys: int = 1
    spread: float = 0.01
    rounds: list[Round] = field(default_factory=list)
    void: str = ""
    asked: int = 0
    answered: int = 0
    events: int = 1

    @property
    def processor(self) -> float:
        """The median of the microseconds per answer."""
        return statistics.median(self.costs())

    def costs(self) -> list[float]:
        """The microseconds per answer, of each round."""
        return [each.processor for each in self.rounds]

    @property
    def an_event(self) -> float:
        """The same for each event that has text; an answer that is not streamed counts as one."""
        return self.processor / self.events

    @property
    def rate(self) -> float:
        """The median of the answers per second."""
        return statistics.median(each.rate for each in self.rounds)

    @property
    def load(self) -> float:
        """The largest share of its core that the load has used."""
        return max(each.load for each in self.rounds)

    def checked(self) -> Answer:
        """The answer to a new question, which must be right."""
        self.asked += 1
        answer = ask(self.server.port, self.request.numbered(self.asked * NUMBERS))
        if answer.status != 200:
            raise Void(f"status {answer.status}: {answer.body[:200].decode(errors='replace')}")
        if wrong := self.wrong(answer):
            raise Void(wrong)
        if self.request.streamed:
            self.events = len(answer.deltas())
        return answer


def compare(contestants: Sequence[Contestant], rounds: int, seconds: float) -> None:
    """Ask each in turn, round after round; the first round of each is short and not counted."""
    for number in range(rounds + 1):
        for contestant in (each for each in contestants if not each.void):
            with voiding(contestant):
                measured = measure(contestant, seconds if number else 1)
                if number:
                    contestant.rounds.append(measured)


@contextlib.contextmanager
def voiding(contestant: Contestant) -> Iterator[None]:
    """Void the figures of a contestant if an answer is wrong, or is none."""
    try:
        yield
    except Void as wrong:
        contestant.void = str(wrong)
    except (OSError, ValueError, LookupError) as error:
        contestant.void = f"{type(error).__name__}: {error}"


def measure(contestant: Contestant, seconds: float) -> Round:
    """One round, with an answer checked before it and after it. It lasts longer if one answer takes long."""
    asked = time.perf_counter()
    before = contestant.checked()
    alone = time.perf_counter() - asked
    contestant.answered += 2
    used = contestant.server.processor_seconds()
    told = wrk(contestant, max(seconds, 3 * alone))
    used = contestant.server.processor_seconds() - used
    after = contestant.checked()
    size = (before.size + after.size) / 2
    examine(told, size, contestant.spread)
    elapsed = told["microseconds"] / 1e6
    begun = min(max(0, told["bytes"] / size - told["requests"]), CONNECTIONS)  # answers of which a part was read
    answers = told["requests"] + begun
    return Round(answers / elapsed, used / answers * 1e6, told["load"] / elapsed)


def examine(told: dict[str, float], size: float, spread: float) -> None:
    """Void the round if wrk saw errors, or read other than as many answers of the size as it counted."""
    if told["not_2xx"] or told["sockets"]:
        raise Void(f"{told['not_2xx']:.0f} answers were not 2xx, {told['sockets']:.0f} connections failed")
    if not told["requests"]:
        raise Void("no request was answered")
    begun = CONNECTIONS * size  # the answers that were begun and not finished
    expected = told["requests"] * size
    if not expected * (1 - spread) <= told["bytes"] <= expected * (1 + spread) + begun:
        raise Void(f"{told['requests']:.0f} answers have {told['bytes']:.0f} bytes instead of {expected:.0f}")


def wrk(contestant: Contestant, seconds: float) -> dict[str, float]:
    """What wrk tells of one round, and the seconds of processor time that it took."""
    with tempfile.NamedTemporaryFile(suffix=".request") as file:
        file.write(contestant.request.template)
        file.flush()
        contestant.asked += 1
        url = f"http://127.0.0.1:{contestant.server.port}"
        numbers = [file.name, str(contestant.asked * NUMBERS), str(contestant.keys)]
        options = ["--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{max(1, round(seconds))}s"]
        command = ["wrk", *options, "--timeout", "30s", "--script", str(SCRIPT), url, "--", *numbers]
        before = children_seconds()
        output = subprocess.run(pinned(command, LOAD_CORE), capture_output=True, text=True, check=True).stdout
    told: dict[str, float] = json.loads(output.rpartition("RESULT ")[2])
    contestant.answered += int(told["requests"])
    return {**told, "load": children_seconds() - before}


def children_seconds() -> float:
    """What all processes that were started here and have ended have used, in user and kernel mode."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
