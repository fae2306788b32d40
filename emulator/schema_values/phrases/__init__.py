"""Reads what a description says about a value: "a mark between 1 and 5", "either 'on' or 'off'", "an ISO 8601 date".

Each module has a table of phrases and what they mean. Nothing that is read here is a demand: a value that the schema
does not allow is passed over.
"""

from emulator.schema_values.phrases.forms import MASK, agrees, form
from emulator.schema_values.phrases.heads import head
from emulator.schema_values.phrases.numbers import bounds
from emulator.schema_values.phrases.table import LONGEST, one_of
from emulator.schema_values.phrases.texts import Shape, counts, joint, length, shape, size
from emulator.schema_values.phrases.words import closed, default, offered

__all__ = [
    "LONGEST",
    "MASK",
    "Shape",
    "agrees",
    "bounds",
    "closed",
    "counts",
    "default",
    "form",
    "head",
    "joint",
    "length",
    "offered",
    "one_of",
    "shape",
    "size",
]
