"""Judging from the record of one key's inferences: was what the scenario expects met, and did the client behave well.

All of it is pure: from inferences to sentences. Only what the server can see is judged, and what it cannot be sure of
is a remark, which nobody fails for.
"""

from emulator.inferences.verdict.client import verdict
from emulator.inferences.verdict.expectations import unmet
from emulator.inferences.verdict.findings import FINDINGS, Finding, Verdict

__all__ = ["FINDINGS", "Finding", "Verdict", "unmet", "verdict"]
