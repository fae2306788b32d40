"""`settings`: list the settings of a server."""

import click

from emulator.commands._printing import say


@click.command()
def settings() -> None:
    """List what --set NAME=VALUE can set."""
    from emulator.core import settings as known

    for each in known.settings():
        default = "none" if each.default in ((), "") else str(each.default)
        say(f"{each.name}  [{each.notation.what}; default {default}]\n    {each.meaning}")
