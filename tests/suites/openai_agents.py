"""The examples of OpenAI's agents library that need no more than a model and their own tools."""

from pathlib import Path

from suites.suite import KEY, Suite

OPENAI_AGENTS = Suite(
    name="openai-agents",
    package="openai-agents",
    version="0.24.0",
    tests=["--noconftest", str(Path(__file__).with_name("agents_examples.py"))],
    beside=["pytest==9.2.0"],
    environment={
        "OPENAI_BASE_URL": "{url}/v1",
        "OPENAI_API_KEY": KEY,
        "OPENAI_DEFAULT_MODEL": "gpt-4o-mini",
        "EXAMPLES_INTERACTIVE_MODE": "auto",
    },
    seconds=420,
)
