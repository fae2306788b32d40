"""Regular expressions that are compiled when they are first used.

Compiling a long one takes as long as importing a module, and most servers and commands use few of them. A short one
that every request needs is better compiled at once: it is used a little faster.
"""

import re
from typing import Any, AnyStr, cast


class _Late:
    """Has the attributes of the compiled pattern, each from when it is first read."""

    def __init__(self, pattern: str | bytes, flags: int) -> None:
        self.pattern = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        value = getattr(re.compile(self.pattern, self._flags), name)
        setattr(self, name, value)
        return value


def late(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return a pattern that is compiled when it is first used.

    >>> late("[a-z]+").findall("one, two")
    ['one', 'two']
    """
    return cast("re.Pattern[AnyStr]", _Late(pattern, flags))
