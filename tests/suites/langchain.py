"""LangChain's standard tests of a chat model, as its packages for OpenAI and Anthropic run them."""

from suites.suite import KEY, Reason, Suite

BESIDE = ["langchain-tests==1.1.9", "pytest==9.2.0", "pytest-retry==1.7.0"]
WITH_ONE_LOOP = ["-o", "asyncio_default_test_loop_scope=session"]
"""ChatOpenAI keeps its connections when a test ends, so that they have to share an event loop."""
_DOWNLOADS = "pdf_inputs or image_inputs or image_tool_message or pdf_tool_message or anthropic_inputs"
LEFT_OUT = {f"-k not ({_DOWNLOADS})": "The tests download pictures and documents from the internet."}

CHAT_OPENAI = Suite(
    name="langchain-openai",
    package="langchain-openai",
    version="1.7.4",
    place="libs/partners/openai",
    tests=["tests/integration_tests/chat_models/test_base_standard.py", *WITH_ONE_LOOP],
    beside=BESIDE,
    environment={"OPENAI_BASE_URL": "{url}/v1", "OPENAI_API_KEY": KEY},
    reasons=[
        Reason(
            "AkashML's usage has no reasoning tokens, and ChatOpenAI asks only OpenAI for the usage of a stream.",
            ["*.test_usage_metadata", "*.test_usage_metadata_streaming"],
        )
    ],
    left_out=LEFT_OUT,
)
CHAT_ANTHROPIC = Suite(
    name="langchain-anthropic",
    package="langchain-anthropic",
    version="1.7.10",
    place="libs/partners/anthropic",
    tests=["tests/integration_tests/test_standard.py"],
    beside=BESIDE,
    environment={"ANTHROPIC_BASE_URL": "{url}/anthropic", "ANTHROPIC_API_KEY": KEY},
    left_out=LEFT_OUT,
)
