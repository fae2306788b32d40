"""The tests of Anthropic's Python library for the endpoints that the emulator has."""

from suites.suite import Reason, Suite

ANTHROPIC = Suite(
    name="anthropic-sdk-python",
    package="anthropic",
    extras="[aiohttp]",
    version="2.12.0",
    tests=[
        "tests/api_resources/test_messages.py",
        "tests/api_resources/test_models.py",
        "tests/api_resources/beta/test_messages.py",
        "tests/api_resources/beta/test_models.py",
    ],
    beside=[
        "http-snapshot[httpx]==0.1.9",
        "httpx2",
        "inline-snapshot",
        "pytest==9.2.0",
        "pytest-asyncio==1.5.0",
        "respx",
        "rich",
    ],
    environment={"TEST_API_BASE_URL": "{url}/anthropic"},
    reasons=[
        Reason(
            "The test's value for a property of `input_schema` is the text `bar`, which is no JSON Schema.",
            ["*_create_with_all_params_*"],
        ),
        Reason("The test asks for each of Anthropic's retired models.", ["*.test_deprecated_model_warning*"]),
    ],
)
