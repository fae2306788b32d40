"""Printing for people: whatever names and texts are in it, the terminal shows it and does nothing else."""

import click

from emulator.core.printable import lines


def say(text: str, *, error: bool = False, newline: bool = True) -> None:
    """Print a text to standard output, or to standard error."""
    click.echo(lines(text), err=error, nl=newline)
