"""Converts the timing of an answer into the pace and the pauses of a scenario."""

from itertools import pairwise
from statistics import median
from typing import Any

from emulator.recording.answers import Heard
from emulator.scenario.writing import duration

NOTICEABLE = 0.01
"""Seconds; shorter delays are noise of the machine and are not recorded."""
_SILENCE = 1.0
_TIMES_THE_USUAL = 10


def whole(seconds: float) -> dict[str, Any]:
    """The pace of an answer that arrived all at once."""
    return {"stream": {"first_token": duration(seconds)}} if seconds >= NOTICEABLE else {}


def before_response(seconds: float) -> list[dict[str, Any]]:
    """The fault that delays any other answer by this many seconds."""
    return [{"stall": duration(seconds), "before": "response"}] if seconds >= NOTICEABLE else []


def paced(heard: Heard, begun: float) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The pace of a stream whose headers arrived after `begun` seconds, and the faults for its pauses.

    Several choices share one pace, because they advance together.
    """
    moments = heard.moments
    if not moments:
        return {}, before_response(begun)
    gaps = [after.at - before.at for before, after in pairwise(moments)]
    longest = max(_SILENCE, _TIMES_THE_USUAL * median(gaps)) if gaps else 0.0
    silences = [
        {"stall": duration(gap), "after": {"tokens": heard.tokens(moment.length)}}
        for moment, gap in zip(moments, gaps, strict=False)
        if gap > longest
    ]
    stream: dict[str, Any] = {}
    if moments[0].at >= NOTICEABLE:
        stream["first_token"] = duration(moments[0].at)
    seconds = sum(gap for gap in gaps if gap <= longest)
    tokens = heard.tokens(moments[-1].length) - heard.tokens(moments[0].length) - len(silences)
    if seconds >= NOTICEABLE and tokens > 0:
        rate = float(f"{tokens / seconds:.3g}")
        stream["tokens_per_second"] = int(rate) if rate.is_integer() else rate
    return stream, silences
