"""The names under which the state is stored. All names of an API key are in one hash slot of a cluster."""

import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from emulator.account.keys import MASK, fingerprint
from emulator.core.nearest import did_you_mean

SHARED = "shared"
_EXAMPLE = "redis://127.0.0.1:6379/0?prefix=akml"
_DATABASE = re.compile(r"/?|/\d+", re.ASCII)
_PATHS = {"redis": _DATABASE, "rediss": _DATABASE, "unix": re.compile("/.+")}
_VALUES = {
    "prefix": (r"[\w.:-]{1,64}", "the prefix must be of up to 64 letters, digits and the characters . _ - and :"),
    "db": (r"\d+", "db must be a number"),
    "ssl_cert_reqs": (r"none|optional|required", "ssl_cert_reqs must be none, optional or required"),
    "ssl_check_hostname": (r"true|false", "ssl_check_hostname must be true or false"),
}
"""Parameters by name: a pattern of what may be given, and what is told otherwise."""
_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_PARAMETERS = (*_VALUES, *_FILES)


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
    """The name of an API key, or of what stands for one: that has a character which no header can have."""
    return key.rpartition("#")[2] if MASK in key else fingerprint(key)


def stand_in(name: str, shown: str) -> str:
    """What stands for an API key of which only the name is known, and how it is shown: itself, if it is no secret."""
    return f"{shown}#{name}" if MASK in shown else shown


def split_url(url: str) -> tuple[str, str]:
    """The URL without the prefix that it may name, and the prefix.

    Raises ValueError, which says nothing of a password, for a URL that is none of a Redis.
    """
    try:
        parts, query = urlsplit(url), parse_qsl(urlsplit(url).query, keep_blank_values=True)
        right = parts.port != 0 and not parts.fragment and _PATHS[parts.scheme].fullmatch(parts.path)
    except (KeyError, ValueError):
        right = None
    if not right or "@" in parts.query:
        raise ValueError(f"expected a URL such as {_EXAMPLE}; in a password, write %23 for #, %2F for / and %40 for @")
    given = dict(query)
    if unknown := [name for name, _ in query if name not in _PARAMETERS]:
        raise ValueError(f"unknown parameter {unknown[0]}{did_you_mean(unknown[0], _PARAMETERS)}")
    if len(given) < len(query) or ("db" in given and parts.scheme != "unix" and parts.path.strip("/")):
        raise ValueError("a parameter is given twice")
    for name, value in given.items():
        if name.startswith("ssl_") and parts.scheme != "rediss":
            raise ValueError(f"{name} is for TLS: write rediss://")
        if name in _FILES and not Path(value).is_file():
            raise ValueError(f"{name}: there is no file {value}")
        if name in _VALUES and not re.fullmatch(_VALUES[name][0], value, re.ASCII):
            raise ValueError(_VALUES[name][1])
    prefix = given.pop("prefix", "akml")
    return urlunsplit(parts._replace(query=urlencode(given))), prefix


def shown(url: str) -> str:
    """The URL without its password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
