"""The command line: each command is a module of `emulator.commands`, imported on demand."""

import importlib
from pathlib import Path
from typing import Any

import click

from emulator import commands
from emulator.core.nearest import nearest
from emulator.core.printable import lines
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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name. Raises UsageError for an unknown one, and for an option given twice."""
        try:
            name, command, rest = super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = nearest(args[0], self.list_commands(ctx)) if args else None
            hint = f" Did you mean '{near}'?" if near else ""
            raise click.UsageError(error.message + hint, error.ctx) from None
        if command is not None:
            _check_repetitions(click.Context(command, ctx, name), rest)
        return name, command, rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. What a server or a file has put into the message of an error is printed as `say` prints."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            if isinstance(error, click.UsageError):  # the person's own words
                raise
            raise click.ClickException(lines(error.message)) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of the commands, each with its whole first sentence."""
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, command.get_short_help_str(limit=1000)) for name, command in found if command is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _check_repetitions(ctx: click.Context, args: list[str]) -> None:
    """Raise UsageError for an option that is given twice, of which only the last would have an effect."""
    _, _, given = ctx.command.make_parser(ctx).parse_args(list(args))
    for option in given:
        if isinstance(option, click.Option) and not (option.multiple or option.is_flag) and given.count(option) > 1:
            raise click.UsageError(f"{option.opts[0]} is given twice", ctx)


@click.group(cls=_Commands, context_settings=_HELP)
@click.version_option(__version__, "-V", "--version", prog_name="akashml-emulator")
def main() -> None:
    """The AkashML inference API on 127.0.0.1: offline, free, deterministic and scriptable."""
