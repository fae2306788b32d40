"""The tests of instructor that ask a model, by OpenAI's library and by Anthropic's."""

from suites.suite import KEY, Reason, Suite

INSTRUCTOR = Suite(
    name="instructor",
    package="instructor",
    extras="[anthropic]",
    version="1.17.0",
    tests=[
        "tests/llm/test_core_providers",
        "tests/llm/test_openai",
        "tests/llm/test_anthropic",
    ],
    beside=["pytest==9.2.0", "pytest-asyncio==1.5.0", "pytest-timeout==2.4.0", "python-dotenv"],
    environment={
        "OPENAI_BASE_URL": "{url}/v1",
        "OPENAI_API_KEY": KEY,
        "ANTHROPIC_BASE_URL": "{url}/anthropic",
        "ANTHROPIC_API_KEY": KEY,
    },
    reasons=[
        Reason("AkashML has no embeddings.", ["*.test_has_embedding*"]),
        Reason("AkashML's usage tells of no cached tokens.", ["*.test_creation_with_system_cache*"]),
        Reason("AkashML has no moderations.", ["*.test_patch_completes_successfully"]),
        Reason(
            "To follow a rule in prose, or to judge a text by it, takes a model that understands it.",
            [
                "*.test_patch.test_runmodel_*validator*",
                "*.test_validators.test_runmodel_validator_*",
                "*.test_forced_words_validation*",
            ],
        ),
    ],
    left_out={
        "--ignore-glob=*_multimodal.py": "The tests download pictures and documents from the internet.",
        "--ignore-glob=*/slow": "AkashML has no responses API.",
    },
)
