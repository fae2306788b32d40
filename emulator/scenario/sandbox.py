"""Jinja2 in its sandbox: what is wrong with a template, and the compiled template. Loaded when a template is met.

A template can print, choose, loop and name values, and use the filters and methods listed here; it cannot reach
anything else. Its work is bounded: loops in steps, texts and numbers in size.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment, SecurityError

from emulator.scenario import fakes
from emulator.scenario.mistakes import did_you_mean, quoted
from emulator.scenario.template import REQUEST, VARIABLES, Wrong

MAX_CHARACTERS = 1 << 20
MAX_STEPS = 10_000
MAX_NUMBER = 10**15

_STEPS = "__steps__"
_FILTERS = (
    "abs capitalize count d default dictsort e escape first float int items join last length list lower map max min "
    "reject rejectattr replace reverse select selectattr sort string sum title trim truncate unique upper urlencode "
    "wordcount"
).split()
_METHODS: Mapping[type, frozenset[str]] = {
    str: frozenset(
        "capitalize casefold count endswith find isalpha isdigit lower lstrip removeprefix removesuffix rstrip split "
        "splitlines startswith strip title upper".split()
    ),
    dict: frozenset(("get", "items", "keys", "values")),
    list: frozenset(("count", "index")),
}
_MOMENT_METHODS = frozenset(("date", "isoformat", "isoweekday", "strftime", "time", "timestamp", "weekday"))
_FORBIDDEN = (
    nodes.Macro,
    nodes.CallBlock,
    nodes.Import,
    nodes.FromImport,
    nodes.Include,
    nodes.Extends,
    nodes.Block,
    nodes.Pow,
    nodes.AssignBlock,
    nodes.FilterBlock,
    nodes.NSRef,
)
