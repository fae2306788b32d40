"""The tests of OpenAI's Python library for the endpoints that the emulator has."""

from suites.suite import Reason, Suite

OPENAI = Suite(
    name="openai-python",
    package="openai",
    extras="[aiohttp]",
    version="3.54.0",
    tests=[
        "tests/api_resources/chat/test_completions.py",
        "tests/api_resources/test_completions.py",
        "tests/api_resources/test_models.py",
    ],
    beside=["httpx2", "inline-snapshot", "pytest==9.2.0", "pytest-asyncio==1.5.0", "rich"],
    environment={"TEST_API_BASE_URL": "{url}/v1"},
    reasons=[  # tests named *_path_params_* ask for nothing, and pass
        Reason(
            "AkashML stores no completions, so that none can be listed, retrieved, updated or deleted.",
            [f"*.chat.test_completions.*[!s]_{method}*" for method in ("retrieve", "update", "list", "delete")],
        ),
        Reason(
            "AkashML has no models of its users, so that none can be deleted.",
            ["*.test_models.*[!s]_delete*"],
        ),
        Reason("The test's value for `max_tokens` is 0, which AkashML refuses.", ["*_create_with_all_params_*"]),
    ],
)
