"""A verdict and unmet expectations as text, JSON and JUnit XML."""

from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import msgspec

from emulator.inferences.verdict.findings import FINDINGS, Verdict


class Report(msgspec.Struct, frozen=True):
    """The result of `verify` for the requests with one key, or all: `asked` counts them, `scenario` is what played.

    `forgotten` is how many had no room in the record: where there are some, counts are too low.
    """

    scenario: str | None
    asked: int
    unmet: tuple[str, ...]
    verdict: Verdict
    forgotten: int = 0

    @property
    def ok(self) -> bool:
        """Whether all expectations were met and there are no findings."""
        return not self.unmet and bool(self.verdict)

    def as_dict(self) -> dict[str, Any]:
        """The report, in types that JSON has."""
        told: dict[str, Any] = msgspec.to_builtins(self)
        return {"ok": self.ok, **told}

    def text(self) -> str:
        """The report for people."""
        requests = "1 request" if self.asked == 1 else f"{self.asked} requests"
        lines = [f"{requests}, scenario {self.scenario or 'none'}: {'good' if self.ok else 'not good'}"]
        lines += [f"  not met: {sentence}" for sentence in self.unmet]
        lines += [f"  {each.name}: {each.sentence}" for each in self.verdict.findings]
        lines += [f"  (remark) {each.name}: {each.sentence}" for each in self.verdict.remarks]
        if self.forgotten:
            lines.append(f"  (remark) {self.forgotten} earlier requests are forgotten, so counts may be too low.")
        return "\n".join(lines) + "\n"

    def junit(self) -> str:
        """The report as JUnit XML: a test case for the expectations, and one for each kind of finding."""
        cases = [_case("expectations", self.unmet)]
        for name in FINDINGS:
            cases.append(_case(name, [each.sentence for each in self.verdict.findings if each.name == name]))
        failures = sum("<failure" in case for case in cases)
        suite = quoteattr(f"akashml-emulator {self.scenario or ''}".strip())
        counts = f'tests="{len(cases)}" failures="{failures}" errors="0" skipped="0"'
        head = '<?xml version="1.0" encoding="UTF-8"?>\n'
        return f"{head}<testsuites>\n<testsuite name={suite} {counts}>\n{''.join(cases)}</testsuite>\n</testsuites>\n"


def _case(name: str, wrong: Sequence[str]) -> str:
    opened = f'<testcase classname="akashml" name={quoteattr(name)}'
    if not wrong:
        return f"{opened}/>\n"
    printable = [_printable(sentence) for sentence in wrong]
    told = quoteattr(printable[0])
    return f"{opened}>\n<failure message={told}>{escape(chr(10).join(printable))}</failure>\n</testcase>\n"


def _printable(text: str) -> str:
    """XML 1.0 has no control characters."""
    return "".join(
        letter if letter.isprintable() or letter in "\t\n" else "\N{REPLACEMENT CHARACTER}" for letter in text
    )
