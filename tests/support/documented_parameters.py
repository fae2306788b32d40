"""The parameters that someone documents, or that clients really send. docs/parameters.md has a row for each.

`akashml` is AkashML's own page of the endpoint, `openai` and `anthropic` are the published descriptions of the APIs
that it follows, `vllm` is the server behind it, and `seen` is what clients or other people were seen to send.
"""

from typing import Any, NamedTuple

from hypothesis import strategies as st


class Sampled(NamedTuple):
    """A sampling parameter of both endpoints under /v1: a value without effect, values to try, and what is refused."""

    neutral: Any
    values: st.SearchStrategy[Any]
    expected: str
    wrong: list[Any]


SAMPLED = {
    "temperature": Sampled(
        1, st.sampled_from([0, 1e-300, 0.2, 0.7, 1, 1.3, 1.7, 2]), "a number from 0 to 2", ["1", True, [1], -0.1, 2.1]
    ),
    "top_p": Sampled(
        1, st.sampled_from([1, 0.9, 0.3, 1e-9]), "a number greater than 0 and up to 1", ["x", 0, -1, 1.01]
    ),
    "top_k": Sampled(0, st.sampled_from([-1, 0, 1, 3, 50]), "an integer of at least -1", ["x", 1.5, -2]),
    "min_p": Sampled(0, st.sampled_from([0, 0.1, 1]), "a number from 0 to 1", [False, -0.1, 1.1]),
    "frequency_penalty": Sampled(0, st.sampled_from([0, 0.5, 2, -2]), "a number from -2 to 2", ["x", -2.1, 2.1]),
    "presence_penalty": Sampled(0, st.sampled_from([0, 0.5, 2, -2]), "a number from -2 to 2", [{}, -3, 3]),
    "repetition_penalty": Sampled(
        1, st.sampled_from([1, 1.2, 2, 0.5, 1e-300]), "a number greater than 0 and up to 2", ["x", 0, 2.5]
    ),
    "ignore_eos": Sampled(False, st.booleans(), "a boolean", ["yes", 1]),
}


class Parameter(NamedTuple):
    """A parameter: a key of the body, a key inside of one (`reasoning.effort`), or a header (`anthropic-beta:`)."""

    name: str
    type: str
    source: str


def _parameters(source: str, lines: str) -> list[Parameter]:
    pairs = (line.split(maxsplit=1) for line in lines.strip().splitlines())
    return [Parameter(name, type, source) for name, type in pairs]


OTHERS = "*"
"""Any key that is not listed."""

_VLLM = _parameters(
    "vllm",
    """
    top_k               integer
    min_p               number
    repetition_penalty  number
    stop_token_ids      integers
    min_tokens          integer
    ignore_eos          boolean
    """,
)
_STREAM_OPTIONS = [
    *_parameters("openai", "stream_options.include_usage boolean\nstream_options.include_obfuscation boolean"),
    *_parameters("vllm", "stream_options.continuous_usage_stats boolean"),
]
_CHAT = _parameters(
    "akashml",
    """
    model                  string
    messages               messages
    temperature            number
    max_tokens             integer
    max_completion_tokens  integer
    top_p                  number
    frequency_penalty      number
    presence_penalty       number
    stop                   string or strings
    stream                 boolean
    stream_options         object
    tools                  tools
    tool_choice            string or object
    parallel_tool_calls    boolean
    response_format        object
    seed                   integer
    n                      integer
    user                   string
    logprobs               boolean
    top_logprobs           integer
    logit_bias             object
    service_tier           string
    modalities             strings
    reasoning_effort       string
    function_call          string or object
    functions              functions
    reasoning              object
    reasoning.enabled      boolean
    reasoning.effort       string
    reasoning.max_tokens   integer
    reasoning.exclude      boolean
    """,
)
_COMPLETIONS = [
    *_parameters(
        "akashml",
        """
        model        string
        prompt       string, strings or token ids
        temperature  number
        """,
    ),
    *_parameters(
        "openai",
        """
        suffix             string
        max_tokens         integer
        top_p              number
        n                  integer
        best_of            integer
        echo               boolean
        logprobs           integer
        stop               string or strings
        stream             boolean
        stream_options     object
        frequency_penalty  number
        presence_penalty   number
        logit_bias         object
        seed               integer
        user               string
        """,
    ),
]
_READ = _parameters(
    "anthropic",
    """
    model                                  string
    messages                               messages
    system                                 string or blocks
    tools                                  tools
    tool_choice                            object
    tool_choice.disable_parallel_tool_use  boolean
    thinking                               object
    thinking.budget_tokens                 integer
    output_config.effort                   string
    output_config.format                   object
    output_format                          object
    cache_control                          object
    anthropic-version:                     header
    anthropic-beta:                        header
    """,
)
_MESSAGES = _parameters(
    "anthropic",
    """
    max_tokens        integer
    temperature       number
    top_p             number
    top_k             integer
    stop_sequences    strings
    stream            boolean
    thinking.display  string
    metadata          object
    service_tier      string
    """,
)

PARAMETERS: dict[str, list[Parameter]] = {
    "POST /v1/chat/completions": [
        *_CHAT,
        *_STREAM_OPTIONS,
        *_VLLM,
        *_parameters("vllm", "include_reasoning boolean\nthinking_token_budget integer\nstructured_outputs object"),
        *_parameters("seen", "chat_template_kwargs object\ncache_salt string\nprompt_cache_key string\n* anything"),
    ],
    "POST /v1/completions": [
        *_COMPLETIONS,
        *_STREAM_OPTIONS,
        *_VLLM,
        *_parameters("vllm", "response_format object\nstructured_outputs object"),
        *_parameters("seen", "* anything"),
    ],
    "POST /anthropic/v1/messages": [
        *_READ,
        *_MESSAGES,
        *_parameters("seen", "seed integer\ncontext_management object\n* anything"),
    ],
    "POST /anthropic/v1/messages/count_tokens": _READ,
}
"""By endpoint, in the words of its heading in docs/parameters.md."""


def optional(endpoint: str) -> set[str]:
    """The keys of a body that may be missing, `max_tokens` aside, which the tests' own bodies have."""
    names = {parameter.name for parameter in PARAMETERS[endpoint]} - {"model", "messages", "prompt", "max_tokens"}
    return {name for name in names if name.isidentifier()}
