"""What a description says a value is: "the email address of the buyer" is a buyer's email address."""

import re
from functools import lru_cache
from itertools import takewhile

from emulator.schema_values.phrases.table import lowered, one_of

_READ = 120
"""Characters of a description in which it says so."""

_WORDS = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*|[.,;:(\[!?–]")
_ENDS = one_of(
    "that which to for in on at from where when with by if used whose being will should must can is are as who or "
    "and e.g between per into about mentioned using based without during after before until within containing "
    "including you we they has have was were shown found given requested required than such like not there it "
    "pour dans avec para con fur für im auf . , ; : ( [ ! ? –"
)
_FILLERS = one_of(
    "the a an this these all any some optional required unique specific exact complete entire new current given "
    "short brief detailed valid final desired requested preferred original main primary overall actual single "
    "full-text one two three more few each every your user's their its his her our list array set collection "
    "sequence plain concise der die das des dem den ein eine le la les un une l d el los las uno una"
)
_OF = frozenset(["of", "des", "der", "de", "du", "del", "von"])
_COUNTED = one_of(
    "list array set collection sequence number amount quantity count kind sort types names-list series couple "
    "choice zahl anzahl liste lista nombre"
)
"""Words before "of" that say less than those behind it."""

_QUESTIONS = {
    "who": ("person", "name"),
    "whom": ("person", "name"),
    "where": ("place",),
    "when": ("date",),
    "why": ("reason",),
    "how": ("explanation",),
    "what": ("note",),
    "think": ("thought",),
    "explain": ("explanation",),
    "describe": ("description",),
    "summarize": ("summary",),
    "summarise": ("summary",),
}


@lru_cache(maxsize=512)
def head(note: str) -> tuple[str, ...]:
    """The words for what a description describes, the most telling last, as those of a name.

    >>> head("The email address of the buyer."), head("Number of guests (1-8)"), head("Who wrote it")
    (('buyer', 'email', 'address'), ('guests',), ('person', 'name'))
    """
    words = _WORDS.findall(lowered(note)[:_READ])
    if words[:2] == ["how", "many"]:
        return tuple(takewhile(lambda word: word not in _ENDS, words[2:]))[:3]
    if words and words[0] in _QUESTIONS:
        return _QUESTIONS[words[0]]
    parts: list[list[str]] = [[]]
    for word in takewhile(lambda word: word not in _ENDS, words):
        if word in _OF and parts[-1]:
            parts.append([])
        elif word not in _FILLERS or (word in _COUNTED and not parts[-1]):
            parts[-1].append(word.removesuffix("'s").removesuffix("’s"))
    while len(parts) > 1 and parts[0][-1] in _COUNTED:
        parts[1] = parts[0][:-1] + parts[1]
        del parts[0]
    return tuple(word for part in reversed(parts[:3]) for word in part[-4:])
