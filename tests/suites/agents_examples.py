"""Each example of openai-agents as a test, run in a process of its own with the chat completions API.

pytest runs this module in the environment of the suite "openai-agents", in the folder of its sources.
"""

import subprocess
import sys

import pytest

EXAMPLES = [
    "agent_patterns/agents_as_tools",
    "agent_patterns/agents_as_tools_conditional",
    "agent_patterns/agents_as_tools_streaming",
    "agent_patterns/agents_as_tools_structured",
    "agent_patterns/deterministic",
    "agent_patterns/forcing_tool_use",
    "agent_patterns/human_in_the_loop",
    "agent_patterns/human_in_the_loop_stream",
    "agent_patterns/input_guardrails",
    "agent_patterns/llm_as_a_judge",
    "agent_patterns/output_guardrails",
    "agent_patterns/parallelization",
    "agent_patterns/routing",
    "agent_patterns/streaming_guardrails",
    "basic/hello_world",
    "basic/image_tool_output",
    "basic/lifecycle_example",
    "basic/local_image",
    "basic/non_strict_output_type",
    "basic/retry",
    "basic/stream_function_call_args",
    "basic/stream_items",
    "basic/tool_guardrails",
    "basic/tools",
    "customer_service/main",
    "handoffs/message_filter",
]
RUN = """
import agents, runpy, sys
agents.set_default_openai_api("chat_completions")
agents.set_tracing_disabled(True)
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.parametrize("example", EXAMPLES)
def test_example(example: str) -> None:
    """The example ends, and ends well."""
    command = [sys.executable, "-c", RUN, f"examples/{example}.py"]
    subprocess.run(command, stdin=subprocess.DEVNULL, timeout=30, check=True)
