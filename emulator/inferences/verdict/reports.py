"""A verdict and unmet expectations as text, JSON and JUnit XML."""

from collections.abc import Iterator, Sequence
from typing import Any, Self
from xml.sax.saxutils import escape, quoteattr

import msgspec

from emulator.core.printable import one_line
from emulator.inferences.verdict.findings import FINDINGS, Verdict, verdict_of


class KeyReport(msgspec.Struct, frozen=True):
    """The result for the requests with one key: `asked` counts them, `scenarios` are those that they were asked of.

    `key` is masked unless it names a scenario. It is empty for requests without a key, and None where no request was
    asked of a scenario.
    """

    key: str | None
    scenarios: tuple[str, ...]
    asked: int
    unmet: tuple[str, ...]
    verdict: Verdict

    @property
    def ok(self) -> bool:
        """Whether something was asked with the key, all expectations were met and there are no findings."""
        return (self.asked > 0 or self.key is None) and not self.unmet and bool(self.verdict)

    @property
    def title(self) -> str:
        """The key and its scenarios in words."""
        key = "no key" if not self.key else f"key {self.key}"
        return f"{key}, scenario {', '.join(self.scenarios) or 'none'}"

    def lines(self) -> Iterator[str]:
        """The report for people, line by line."""
        yield f"{_requests(self.asked)}, {self.title}: {_good(self.ok)}"
        yield from (f"  not met: {sentence}" for sentence in self.unmet)
        yield from (f"  {each.name}: {each.sentence}" for each in self.verdict.findings)
        yield from (f"  (remark) {each.name}: {each.sentence}" for each in self.verdict.remarks)


class Report(msgspec.Struct, frozen=True):
    """The result of `verify` for the requests with one key, or with each key: `keys`, and all of them together.

    `scenario` is what they were asked of, if it is one. `nothing_asked` says why there is nothing to judge, which is a
    failure. `forgotten` is how many requests had no room in the record: where there are some, counts are too low.
    """

    scenario: str | None
    asked: int
    unmet: tuple[str, ...]
    verdict: Verdict
    forgotten: int = 0
    nothing_asked: str | None = None
    keys: tuple[KeyReport, ...] = ()

    @classmethod
    def of(cls, keys: Sequence[KeyReport], nothing_asked: str | None, forgotten: int) -> Self:
        """The report on several keys."""
        scenarios = {name for each in keys for name in each.scenarios}
        return cls(
            scenarios.pop() if len(scenarios) == 1 else None,
            sum(each.asked for each in keys),
            tuple(sentence for each in keys for sentence in each.unmet),
            verdict_of(found for each in keys for found in (*each.verdict.findings, *each.verdict.remarks)),
            forgotten,
            nothing_asked,
            tuple(keys),
        )

    @property
    def ok(self) -> bool:
        """Whether something was asked, all expectations were met and there are no findings."""
        return self.nothing_asked is None and not self.unmet and bool(self.verdict)

    def as_dict(self) -> dict[str, Any]:
        """The report, in types that JSON has."""
        told: dict[str, Any] = msgspec.to_builtins(self)
        keys = [{"ok": each.ok, **written} for each, written in zip(self.keys, told.pop("keys"), strict=True)]
        return {"ok": self.ok, **told, "keys": keys}

    def text(self) -> str:
        """The report for people."""
        lines = [line for each in self.keys for line in each.lines()]
        if self.nothing_asked:
            lines.append(f"  {self.nothing_asked}")
        if self.forgotten:
            lines.append(f"  (remark) {self.forgotten} earlier requests are forgotten, so counts may be too low.")
        if len(self.keys) != 1:
            lines.append(f"{_requests(self.asked)} with {len(self.keys)} keys: {_good(self.ok)}")
        return "".join(f"{one_line(line)}\n" for line in lines)

    def junit(self) -> str:
        """The report as JUnit XML: a suite for each key, with a case for its expectations and each kind of finding."""
        head, suites = '<?xml version="1.0" encoding="UTF-8"?>\n', list(self._suites())
        return f"{head}<testsuites>\n{''.join(suites)}</testsuites>\n"

    def _suites(self) -> Iterator[str]:
        reasons = [self.nothing_asked] if self.nothing_asked else []
        for each in self.keys:
            yield _suite(each.title, [*reasons, *each.unmet], each.verdict)
        if not self.keys:
            yield _suite("", reasons, self.verdict)


def _suite(name: str, wrong: Sequence[str], verdict: Verdict) -> str:
    cases = [_case("expectations", wrong)]
    for kind in FINDINGS:
        cases.append(_case(kind, [each.sentence for each in verdict.findings if each.name == kind]))
    failures = sum("<failure" in case for case in cases)
    counts = f'tests="{len(cases)}" failures="{failures}" errors="0" skipped="0"'
    title = quoteattr(_printable(f"akashml-emulator {name}".strip()))
    return f"<testsuite name={title} {counts}>\n{''.join(cases)}</testsuite>\n"


def _case(name: str, wrong: Sequence[str]) -> str:
    opened = f'<testcase classname="akashml" name={quoteattr(name)}'
    if not wrong:
        return f"{opened}/>\n"
    printable = [_printable(sentence) for sentence in wrong]
    told = quoteattr(printable[0])
    return f"{opened}>\n<failure message={told}>{escape(chr(10).join(printable))}</failure>\n</testcase>\n"


def _printable(text: str) -> str:
    """XML 1.0 has no control characters."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter in "\t\n" else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def _requests(count: int) -> str:
    return "1 request" if count == 1 else f"{count} requests"


def _good(ok: bool) -> str:
    return "good" if ok else "not good"
