"""Texts that are hard to write down: whatever YAML, templates or HTTP could take for something else."""

from hypothesis import strategies as st

NUMBERS = (
    "08 0o17 0x1F 0b101 1e3 1E3 1_000 1:30 0.5 .5 -.5 +1 -0 1. 1e400 .inf -.INF .nan 2026-01-01 2026-01-01T00:00:00Z"
)
WORDS = (
    "true True yes No on OFF y n null NULL ~ << = !!str ! & * & | > - ? : # % @ ` --- ... { } [ ] , ' \" \\ {{ {% {#"
)
BREAKS = [
    "\n",
    "\r",
    "\r\n",
    "\t",
    " ",
    "\x85",
    "\u2028",
    "\u2029",
    "\ufeff",
    "\x00",
    "\x07",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x7f",
]
LINES = [
    "a: b",
    "a #b",
    "- a",
    "? a",
    "*a",
    "&a b",
    "!t a",
    "%TAG a",
    "{{ a }}",
    "{% if a %}",
    "{# a #}",
    "}}",
    "a\n\nb\n\n",
]
EDGES = [
    "",
    "\ud7ff",
    "\ue000",
    "\ufffd",
    "\ufffe",
    "\uffff",
    "\U0001f600",
    "\U0010ffff",
    "\xa0",
    "\u200b",
    "x" * 300,
    "\\u0041",
]
TRICKY = [*NUMBERS.split(), *WORDS.split(), *BREAKS, *LINES, *EDGES]

PIECES = st.sampled_from(TRICKY)
TEXTS = PIECES | st.lists(PIECES, min_size=2, max_size=5).map("".join) | st.text(max_size=30)
"""Any text that JSON can carry: of all of Unicode but the halves of surrogate pairs, which are no characters."""
