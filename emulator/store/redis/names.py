"""The names under which the state is stored. All names of an API key are in one hash slot of a cluster."""

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from emulator.account.registry import fingerprint

SHARED = "shared"
_MARK = "…#"
"""What no header can have, and so no API key."""


class Names(NamedTuple):
    """The names with a prefix. A key is stored under its fingerprint, and never in clear."""

    prefix: str

    def of(self, name: str, what: str) -> str:
        """The name of one thing that is known of a key, of a worker, or of all."""
        return f"{self.prefix}:{{{name}}}:{what}"

    @property
    def events(self) -> str:
        """The channel on which all workers hear each other."""
        return f"{self.prefix}:events"


@lru_cache(maxsize=4096)
def name_of(key: str) -> str:
    """The name of an API key, or of what stands for one."""
    return key.rpartition(_MARK)[2] if _MARK in key else fingerprint(key)


def stand_in(name: str, shown: str) -> str:
    """What stands for an API key of which only the name is known, and how it is shown: itself, if it is no secret."""
    return f"{shown}#{name}" if shown.endswith("…") else shown


def split_url(url: str) -> tuple[str, str]:
    """The URL without the prefix that it may name, and the prefix."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    prefix = query.pop("prefix", "akml")
    return urlunsplit(parts._replace(query=urlencode(query))), prefix


def shown(url: str) -> str:
    """The URL without its password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
