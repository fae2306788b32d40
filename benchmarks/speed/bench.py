"""The servers of a run: each is started when a row first needs it, and stopped when the run ends."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from .answers import Answer
from .peers import PEERS, Peer, Skipped
from .servers import ROOT, Server, bare, emulator, free_port, running

WORDS = ("about", "board", "canal", "cargo", "coast", "ferry", "fleet", "light", "north", "ocean", "river", "water")
TEXT = " ".join(WORDS[number * 5 % len(WORDS)] for number in range(200))
"""200 words of five letters, each of one token: a server that cuts every six characters sends as many events."""
OTHER_TEXT = TEXT.replace("about", "shore")
SHORT = "Aye."
ECHO = "You asked: "
RATE = 50
SLOW_RATE = 0.1
RULES = (1, 10, 100, 1_000)


def scenario(name: str, *rules: str) -> str:
    """A scenario of these rules."""
    return f"name: {name}\nunscripted: fail\nrules:\n" + "".join(f"  - {rule}\n" for rule in rules)


def reply(text: str = TEXT, pace: str = "") -> str:
    """A reply with a text, and the pace of its stream."""
    return f"{{text: {json.dumps(text)}{pace and f', stream: {{{pace}}}'}}}"


def many_rules(name: str, count: int) -> str:
    """A scenario of so many rules, of which only the last one matches."""
    others = [
        f'{{when: {{last_user: {{contains: "word {number}"}}, model: "*Llama*", endpoint: chat}}, reply: {{text: X}}}}'
        for number in range(count - 1)
    ]
    return scenario(name, *others, f"{{when: {{last_user: {{contains: harbour}}}}, reply: {reply()}}}")


SCENARIOS = {
    "plain": scenario("plain", f"reply: {reply()}"),
    "templated": scenario("templated", f"reply: {reply(ECHO + '{{ request.last_user }} ' + TEXT)}"),
    "short": scenario("short", f"reply: {reply(SHORT)}"),
    "sequence": scenario("sequence", f"replies: [{reply()}, {reply(OTHER_TEXT)}]\n    then: loop"),
    "paced": scenario("paced", f"reply: {reply(pace=f'tokens_per_second: {RATE}, first_token: 0ms')}"),
    "slow": scenario("slow", f"reply: {reply(pace=f'tokens_per_second: {SLOW_RATE}, first_token: 0ms')}"),
    **{f"rules-{count}": many_rules(f"rules-{count}", count) for count in RULES},
}


@dataclass
class Bench:
    """What a run measures with."""

    folder: Path
    stack: ExitStack
    rounds: int = 5
    seconds: float = 2
    against: Path | None = None
    only: frozenset[str] | None = None
    servers: dict[str, Server] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def scenarios(self) -> Path:
        """The folder of the scenarios."""
        folder = self.folder / "scenarios"
        folder.mkdir(exist_ok=True)
        for name, text in SCENARIOS.items():
            (folder / f"{name}.yaml").write_text(text)
        return folder

    def ours(self) -> dict[str, Server]:
        """The emulators that are measured: this one, and that of another source tree if one was named."""
        for name in self.trees():
            if name not in self.servers:
                self.servers[name] = self.stack.enter_context(self.fresh()[name]())
        return {name: self.servers[name] for name in self.trees()}

    def trees(self) -> dict[str, Path]:
        """The source trees of the emulators that are measured."""
        return {"emulator": ROOT} | ({"before": self.against.resolve()} if self.against else {})

    def fresh(self) -> dict[str, Callable[[], AbstractContextManager[Server]]]:
        """What starts the emulators anew, each for as long as it is measured."""
        return {name: partial(self.started, tree) for name, tree in self.trees().items()}

    def started(self, source: Path, *arguments: str) -> AbstractContextManager[Server]:
        """An emulator of its own."""
        port = free_port()
        command = emulator(port, "--scenarios", str(self.scenarios()), *arguments)
        return running(command, port, environment={"PYTHONPATH": str(source)})

    def fresh_bare(self, name: str, answer: Answer, rate: float) -> AbstractContextManager[Server]:
        """A bare server of its own."""
        port = free_port()
        return running(bare(port, self.saved(name, answer), rate=rate), port)

    def bare(self, name: str, answer: Answer, rate: float = 0) -> Server:
        """A bare server that sends the same answer."""
        if name not in self.servers:
            port = free_port()
            self.start(name, bare(port, self.saved(name, answer), rate=rate), port)
        return self.servers[name]

    def saved(self, name: str, answer: Answer) -> Path:
        """A file with the answer that a bare server sends."""
        file = self.folder / f"{name}.json"
        headers = [header for header in answer.headers if header[0] not in ("date", "server", "transfer-encoding")]
        file.write_text(json.dumps({"headers": headers, "body": answer.body.decode()}))
        return file

    def peers(self, *names: str) -> dict[Peer, Server]:
        """The other mock servers that could be started, of these or of all; the others are listed as skipped."""
        started = {}
        for peer in PEERS:
            wanted = peer.name in names if names else self.only is None or peer.name in self.only
            if not wanted or peer.name in self.skipped:
                continue
            try:
                started[peer] = self.peer(peer)
            except Skipped as reason:
                self.skipped[peer.name] = str(reason)
        return started

    def peer(self, peer: Peer) -> Server:
        """Another mock server, installed and configured to answer with the text."""
        if peer.name not in self.servers:
            peer.install()
            folder = self.folder / peer.name
            folder.mkdir(exist_ok=True)
            port = free_port()
            try:
                self.start(peer.name, peer.command(folder, port, TEXT), port, peer.environment(folder, port), folder)
                peer.prepare(port, TEXT)
            except (OSError, RuntimeError) as error:
                raise Skipped(f"does not start: {error}") from error
        return self.servers[peer.name]

    def start(
        self,
        name: str,
        command: list[str],
        port: int,
        environment: dict[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        """Start a server that runs until the run ends."""
        self.servers[name] = self.stack.enter_context(running(command, port, folder, environment))
