"""Metrics of inferences for Prometheus. vLLM's names are used where it has one.

Counting begins when somebody first asks, so that it costs nothing before.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

from emulator.core.decimals import decimal
from emulator.inferences.live_record import LiveRecord

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_FIRST_TOKEN = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80)
_WHOLE = (0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240)
"""The upper bounds of vLLM's histograms, in seconds."""


class _Family(NamedTuple):
    """A metric: its type and meaning, and for a histogram its bounds."""

    type: str
    help: str
    bounds: tuple[float, ...] = ()


FAMILIES: Mapping[str, _Family] = {
    "akashml_requests_total": _Family("counter", "Requests, by endpoint and status of the answer."),
    "akashml_refusals_total": _Family("counter", "Requests that were answered with an error, by its kind."),
    "vllm:request_success_total": _Family("counter", "Requests with a complete answer."),
    "vllm:prompt_tokens_total": _Family("counter", "Prompt tokens of answered requests."),
    "vllm:generation_tokens_total": _Family("counter", "Completion tokens that were sent."),
    "vllm:time_to_first_token_seconds": _Family("histogram", "Time to the first byte of the body.", _FIRST_TOKEN),
    "vllm:e2e_request_latency_seconds": _Family("histogram", "Time to the last byte of the body.", _WHOLE),
    "vllm:num_requests_running": _Family("gauge", "Requests that are being answered, or wait."),
    "vllm:num_requests_waiting": _Family("gauge", "Requests that wait for a slot at the backends of their model."),
}


class Metrics:
    """Counts inferences. `counts` are the values of the samples by name and labels, as they are written.

    Those that run are not among them: they are told anew each time, so that they end with the process that plays them.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._running: set[LiveRecord] = set()

    def begin(self, record: LiveRecord) -> None:
        """Note that an inference begins."""
        self._running.add(record)

    def end(self, record: LiveRecord) -> None:
        """Count an inference that has ended."""
        self._running.discard(record)
        endpoint = _label(record.endpoint)
        self.counts[f'akashml_requests_total{{endpoint="{endpoint}",status="{record.status}"}}'] += 1
        sent = record.sent
        if sent.error is not None:
            self.counts[f'akashml_refusals_total{{kind="{sent.error.kind}"}}'] += 1
        if record.answering is None or sent.used is None:
            return
        model = f'{{model_name="{_label(record.answering.id)}"}}'
        self.counts[f"vllm:prompt_tokens_total{model}"] += sent.used.prompt_tokens
        self.counts[f"vllm:generation_tokens_total{model}"] += sent.used.completion_tokens
        if sent.outcome == "completed":
            self.counts[f"vllm:request_success_total{model}"] += 1
        if record.timeline:
            self._observe("vllm:time_to_first_token_seconds", model, record.timeline[0][0])
            self._observe("vllm:e2e_request_latency_seconds", model, record.timeline[-1][0])

    @property
    def running(self) -> int:
        """How many inferences run that have begun since counting began."""
        return len(self._running)

    def take(self) -> Counter[str]:
        """Return what has been counted since the last call."""
        counts, self.counts = self.counts, Counter()
        return counts

    def _observe(self, name: str, labels: str, seconds: float) -> None:
        for bound in FAMILIES[name].bounds:
            if seconds <= bound:
                self.counts[f'{name}_bucket{labels[:-1]},le="{bound}"}}'] += 1
        self.counts[f'{name}_bucket{labels[:-1]},le="+Inf"}}'] += 1
        self.counts[f"{name}_count{labels}"] += 1
        self.counts[f"{name}_sum{labels}"] += seconds  # type: ignore[assignment] # a counter of anything


def exposition(counts: Mapping[str, float], running: int, waiting: int) -> str:
    """The metrics as Prometheus reads them. So many requests run, of which some wait for a slot."""
    told = {**counts, "vllm:num_requests_running": float(running), "vllm:num_requests_waiting": float(waiting)}
    return "".join(f"{line}\n" for line in _lines(told))


def _lines(counts: Mapping[str, float]) -> Iterator[str]:
    samples = sorted(counts, key=lambda sample: (_family(sample), _place(sample)))
    for name, own in groupby(samples, _family):
        yield f"# HELP {name} {FAMILIES[name].help}"
        yield f"# TYPE {name} {FAMILIES[name].type}"
        yield from (f"{sample} {decimal(counts[sample])}" for sample in own)


def _family(sample: str) -> str:
    name = sample.partition("{")[0]
    return name if name in FAMILIES else name.rpartition("_")[0]


def _place(sample: str) -> tuple[str, float, str]:
    """The buckets of a histogram come in the order of their bounds."""
    labels, _, bound = sample.partition(',le="')
    return labels, float(bound.removesuffix('"}')) if bound else 0.0, sample


def _label(text: str) -> str:
    r"""A text as the value of a label.

    >>> _label('a "b"\n')
    'a \\"b\\"\\n'
    """
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
