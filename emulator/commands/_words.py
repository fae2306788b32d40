"""Commands whose first argument is a word that says what to do, such as `clock advance 60s`."""

from collections.abc import Mapping

import click

from emulator.core.nearest import nearest


def chosen(actions: Mapping[str, str], action: str, value: tuple[str, ...]) -> str:
    """The value of an action, as one text.

    `actions` has an example of the value of each: in brackets if the value may be left out, empty if there is none.
    Raises UsageError for an action that is not known, and for a value that is missing or one too many.
    """
    example = actions.get(action)
    if example is None:
        near = nearest(action, actions)
        hint = f"did you mean {near}?" if near else f"expected {', '.join(actions)}"
        raise click.UsageError(f"there is no {action!r} here; {hint}")
    if value and not example:
        raise click.UsageError(f"{action} takes no value, got {' '.join(value)}")
    if not value and example and not example.startswith("["):
        raise click.UsageError(f"{action} needs a value: {action} {example}")
    return " ".join(value)
