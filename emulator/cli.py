"""The command line: each command is a module of `emulator.commands`, imported on demand."""

import importlib
from pathlib import Path

import click

from emulator import commands
from emulator.core.version import __version__

_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, sorted."""
        return sorted(path.stem for path in Path(commands.__path__[0]).glob("[!_]*.py"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command with this name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        found: click.Command = getattr(importlib.import_module(f"emulator.commands.{cmd_name}"), cmd_name)
        return found


@click.group(cls=_Commands, context_settings=_HELP)
@click.version_option(__version__, "-V", "--version", prog_name="akashml-emulator")
def main() -> None:
    """The AkashML inference API on 127.0.0.1: offline, free, deterministic and scriptable."""
