"""Run the suites that others wrote against a served emulator, and write their results into docs/suites.md."""

import sys
from collections import Counter

from suites import page
from suites.suite import SuiteError, unexpected
from suites.table import SUITES


def main(names: list[str]) -> int:
    """Run the suites with these names, all if there are none. Returns 1 if a result is not as expected."""
    if unknown := set(names) - SUITES.keys():
        print(f"There is no suite {', '.join(sorted(unknown))}. There are: {', '.join(SUITES)}.", file=sys.stderr)
        return 2
    wrong = 0
    for suite in (SUITES[name] for name in names or SUITES):
        try:
            results = suite.run()
        except SuiteError as error:
            print(error)
            wrong += 1
            continue
        counts = Counter(results.values())
        print(f"{suite.name} {suite.version}: " + ", ".join(f"{counts[each]} {each}" for each in page.OUTCOMES))
        lines = list(unexpected(suite, results))
        print("".join(f"  {line}\n" for line in lines), end="", flush=True)
        wrong += len(lines)
        page.PAGE.write_text(page.updated(page.PAGE.read_text("utf-8"), SUITES, suite, results), "utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
