"""The models that the emulator serves, in the order in which GET /v1/models lists them.

An entry is a model's id and the fields of its listing, as a user's file of models has them; `images` says what the
model does with a picture: it can read, drop or reject it. What an entry leaves out is written on the type (catalog.py).
Prices are USD per token.

A word after a figure says where it comes from: listed is the live GET /v1/models of 2026-09-25 and -26, docs is
AkashML's page of models of 2026-10-09, probed is a request to the live service in autumn 2026, and openrouter and
models.dev are those catalogues. An assumed figure is ours. docs/contract.md (models) tells more.

Assumed throughout: the descriptions, `created` and `supported_features`, of which only `reasoning` was observed.

They are Python and not YAML because every start reads them.
"""

from collections.abc import Mapping
from typing import Any

MODELS: Mapping[str, Mapping[str, Any]] = {
    "Qwen/Qwen3.6-35B-A3B": {
        "name": "Qwen3.6 35B A3B",  # listed
        "created": 1775001600,  # assumed: 2026-04-01
        "context_length": 262144,  # listed
        "max_output_length": 262000,  # models.dev
        "input_modalities": ["text", "image"],  # probed
        "quantization": "fp8",  # assumed: as Qwen3.8 27B
        "pricing": {
            "input": "0.0000001",  # listed
            "output": "0.0000009",  # listed
            "input_cache_read": "0.00000005",  # listed in 2026-08
        },
        "supported_features": ["tools", "json_mode", "structured_outputs", "logprobs", "reasoning"],
        "images": "read",  # probed
        "description": "Small mixture of experts that reads text and pictures and answers quickly.",
    },
    "openai/gpt-oss-120b": {
        "name": "GPT OSS 120B",  # listed
        "created": 1754352000,  # assumed: 2025-08-05
        "context_length": 131072,  # listed
        "max_output_length": 117964,  # openrouter: 0.9 of the context, which may be its own filling-in
        "quantization": "bf16",  # openrouter
        "pricing": {
            "input": "0.00000003",  # listed
            "output": "0.00000017",  # listed
            "input_cache_read": "0.00000003",  # openrouter
        },
        "supported_features": ["tools", "json_mode", "structured_outputs", "logprobs", "reasoning"],
        "images": "drop",  # probed
        "description": "Open-weight reasoning model for general work and agents.",
    },
    "meta-llama/Llama-3.3-70B-Instruct": {
        "name": "Llama 3.3 70B Instruct",  # listed
        "created": 1733443200,  # assumed: 2024-12-06
        "context_length": 131072,  # listed
        "max_output_length": 128000,  # openrouter; an answer of 128K tokens was probed
        "quantization": "fp8",  # assumed
        "pricing": {  # no price for cached reads: seen in 2026-08
            "input": "0.0000002",  # listed
            "output": "0.00000052",  # listed
        },
        "supported_features": ["tools", "json_mode", "structured_outputs", "logprobs"],  # probed: does not reason
        "images": "reject",  # probed
        "description": "Instruction-tuned model for conversation in several languages.",
    },
    "openai/gpt-oss-20b": {
        "name": "GPT OSS 20B",  # listed
        "created": 1754352000,  # assumed: 2025-08-05
        "context_length": 131072,  # listed
        "max_output_length": 117964,  # assumed: as GPT OSS 120B
        "quantization": "bf16",  # assumed: as GPT OSS 120B
        "pricing": {
            "input": "0.00000002",  # listed
            "output": "0.0000001",  # listed
            "input_cache_read": "0.00000002",  # assumed: the input price, as GPT OSS 120B
        },
        "supported_features": ["tools", "json_mode", "structured_outputs", "logprobs", "reasoning"],
        "images": "drop",  # probed
        "description": "Small open-weight reasoning model with low latency.",
    },
    "Qwen/Qwen3.8-27B": {
        "name": "Qwen3.8 27B",  # listed
        "created": 1783036800,  # assumed: 2026-07-03
        "context_length": 262144,  # listed
        "max_output_length": 262000,  # assumed: as Qwen3.6 35B A3B
        "input_modalities": ["text", "image"],  # probed
        "quantization": "fp8",  # openrouter
        "pricing": {
            "input": "0.00000025",  # listed
            "output": "0.0000022",  # listed
            "input_cache_read": "0.000000125",  # assumed: half the input price, as Qwen3.6 35B A3B
        },
        "supported_features": ["tools", "json_mode", "structured_outputs", "logprobs", "reasoning"],
        "images": "read",  # probed
        "description": "Dense reasoning model that reads text and pictures.",
    },
    "zai-org/GLM-5.3": {
        "name": "GLM-5.3",  # listed
        "created": 1785542400,  # assumed: 2026-08-01
        "context_length": 1048576,  # listed
        "max_output_length": 131072,  # assumed
        "quantization": "fp8",  # assumed
        "pricing": {
            "input": "0.0000013",  # listed
            "output": "0.0000044",  # listed
            "input_cache_read": "0.00000026",  # assumed: what GLM-5.2 had
        },
        "supported_features": ["tools", "json_mode", "structured_outputs", "logprobs", "reasoning"],
        "images": "reject",  # probed
        "description": "Reasoning model with a very long context, for agents and programming.",
    },
    "moonshotai/Kimi-K3": {
        "name": "Kimi K3",  # assumed
        "created": 1790812800,  # assumed: 2026-10-01; the model was first listed between 2026-09-26 and 2026-10-09
        "context_length": 1048576,  # docs say 1M; assumed: that this is 1,048,576
        "max_output_length": 131072,  # assumed: as GLM-5.3
        "quantization": "fp8",  # assumed
        "pricing": {  # assumed: no price for cached reads
            "input": "0.0000021",  # docs
            "output": "0.0000105",  # docs
        },
        "supported_features": ["tools", "json_mode", "structured_outputs", "logprobs", "reasoning"],
        "images": "reject",  # assumed
        "description": "Large reasoning model for long tasks with many tools.",
    },
    "MiniMaxAI/MiniMax-M2.5": {  # no longer listed in autumn 2026; the id in the examples of AkashML's pages
        "name": "MiniMax M2.5",  # assumed
        "created": 1770854400,  # assumed: 2026-02-12
        "context_length": 204800,  # models.dev
        "max_output_length": 131072,  # models.dev
        "quantization": "fp8",  # openrouter
        "pricing": {  # assumed: no price for cached reads
            "input": "0.00000015",  # models.dev
            "output": "0.00000115",  # models.dev
        },
        "supported_features": [
            "tools",
            "json_mode",
            "structured_outputs",
            "logprobs",
            "reasoning",
        ],  # assumed: that it reasons
        "images": "reject",  # assumed
        "description": "Reasoning model for programming and office work.",
    },
}
