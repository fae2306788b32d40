"""Starts servers, each on the server's core, and reads their processor time and memory from /proc."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]
ROOT = Path(__file__).parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
BYTE_CODE = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(ROOT / ".cache" / "bytecode")}
"""Where all servers keep byte code, wherever their source is: a start that compiles is another benchmark."""
PAGE = os.sysconf("SC_PAGE_SIZE")


class Server(NamedTuple):
    """A running server: the process, and the port on which it listens."""

    process: int
    port: int

    def processor_seconds(self) -> float:
        """The time that the process, its children and those that have ended have used, in user and kernel mode."""
        return sum(sum(map(int, fields(process)[11:15])) for process in family(self.process)) / TICKS

    def memory(self) -> int:
        """The bytes in memory of the process and its children."""
        return sum(int(fields(process)[21]) for process in family(self.process)) * PAGE


def fields(process: int) -> list[str]:
    """The fields of a process in /proc/PID/stat, from its state on."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def family(process: int) -> Iterator[int]:
    """A process and all that descend from it."""
    yield process
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from family(int(child))


def pinned(command: Sequence[str], core: int) -> list[str]:
    """A command that runs on one core, if there are several and the system can."""
    if len(CORES) == 1 or not shutil.which("taskset"):
        return list(command)
    return ["taskset", "--cpu-list", str(core), *command]


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def running(
    command: Sequence[str],
    port: int,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    core: int | None = SERVER_CORE,
) -> Iterator[Server]:
    """A server that the command starts, from when it listens on the port. What it writes is thrown away.

    It runs on one core, or without one on any.
    """
    away = subprocess.DEVNULL
    variables = {**os.environ, **BYTE_CODE, "PYTHONPATH": "", **(environment or {})}
    own = list(command) if core is None else pinned(command, core)
    with subprocess.Popen(own, cwd=folder, env=variables, stdin=away, stdout=away, stderr=away) as process:
        try:
            wait_until_open(process, port)
            yield Server(process.pid, port)
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


def wait_until_open(process: subprocess.Popen[bytes], port: int, seconds: float = 60) -> None:
    """Wait until somebody listens on the port."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        if process.poll() is not None:
            raise RuntimeError(f"ended with status {process.returncode} before it listened on port {port}")
        time.sleep(0.002)
    raise TimeoutError(f"did not listen on port {port} after {seconds:.0f} s")


def emulator(port: int, *arguments: str) -> list[str]:
    """The command of an emulator."""
    quiet = ("--print", "nothing", "--log-level", "warning")
    return [sys.executable, "-m", "emulator", "serve", "--port", str(port), *quiet, *arguments]


def hello(port: int) -> list[str]:
    """The command of a hello-world."""
    return [sys.executable, str(Path(__file__).with_name("hello.py")), str(port)]


def bare(port: int, answer: Path, *, rate: float = 0) -> list[str]:
    """The command of a bare server that sends the bytes in a file, or so many of its events each second."""
    return [sys.executable, str(Path(__file__).with_name("bare.py")), str(port), str(answer), str(rate)]
