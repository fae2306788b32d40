"""Words of other tools, and what to write instead of each: the hints at unknown keys and unknown words.

The table has a row for each meaning. Its words are compared without case, `_` and `-`, so that `statusCode` and
`status-code` are `status_code`. What it suggests is valid at the place of the word; a test loads every suggestion.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from emulator.scenario.reading.readers import Hints


class Foreign(NamedTuple):
    """Words with one meaning, what to write instead of them at this place, and why."""

    words: str
    write: str
    why: str = ""


_RULE = "rules: [{when: {last_user: {contains: weather}}, reply: {text: It is sunny.}}]"
_SLOW = "stream: {first_token: 2s}"
_STALL = "faults: [{stall: 30s, before: response}]"
_CUT = "faults: [{hangup: truncate, after: {tokens: 5}}]"
_LIMIT = "keys: {default: {requests_per_minute: 3}}"
_CALL = "tool_calls: [{name: get_weather, arguments: {city: Oslo}}]"
_WAITS = "delay latency delay_ms latency_ms wait sleep ttft first_token first_token_delay fixed_delay_milliseconds"
_LEAVES = "disconnect hang_up drop_connection abort close cut reset truncate"
_STATUSES = "status status_code http_status code too_many_requests rate_limit rate_limited overloaded"

_TEXT_LOOKUP = (
    Foreign("regex regexp re pattern match", "matches: 'order \\d+'"),
    Foreign("equal eq is exact exactly value", "equals: hello"),
    Foreign("include includes has substring", "contains: weather"),
    Foreign("in any_of", "one_of: [hello, hi]"),
    Foreign("prefix startswith begins_with", "starts_with: Order"),
    Foreign("suffix endswith", "ends_with: please"),
    Foreign("ignore_case case_sensitive flags", "contains: weather, case: true", "case is ignored without it"),
    Foreign("not ne not_equals not_contains", "exists: false", "`not: {...}` stands around a condition of `when`"),
)
_ORDER = (
    Foreign("min ge at_least from", "gte: 2"),
    Foreign("max le at_most to", "lte: 2"),
    Foreign("greater_than more_than above", "gt: 2"),
    Foreign("less_than below", "lt: 2"),
)

SECTIONS: Mapping[str, tuple[Foreign, ...]] = {
    "scenario": (
        Foreign("responses fixtures mocks stubs routes interactions mappings handlers cases scenarios steps", _RULE),
        Foreign("match when request condition pattern regex rule last_user", _RULE, "each rule has its own `when`"),
        Foreign("reply response replies text content answer body message messages", "rules: [{reply: {text: Hello}}]"),
        Foreign(f"error errors {_STATUSES}", "rules: [{reply: {error: 429}}]"),
        Foreign(_WAITS, "rules: [{reply: {stream: {first_token: 2s}}}]"),
        Foreign("timeout", f"rules: [{{reply: {{{_STALL}}}}}]", "the client's own timeout ends the wait"),
        Foreign(f"fault faults chaos hangup {_LEAVES}", f"rules: [{{reply: {{text: Hello, {_CUT}}}}}]"),
        Foreign("alias aka keys", "aliases: [sunny-day]"),
        Foreign("id title", "name: sunny"),
        Foreign("comment summary about", "description: It is sunny."),
        Foreign("default fallback passthrough unmatched on_unmatched strict", "unscripted: fail"),
        Foreign("credits balance budget", "account: {credits: 5.00 USD}"),
        Foreign("rpm requests_per_minute limits limit quota", f"account: {{{_LIMIT}}}"),
        Foreign("tpm tokens_per_minute", "account: {keys: {default: {tokens_per_minute: 1000}}}"),
        Foreign("concurrency max_concurrency", "account: {keys: {default: {concurrency: 1}}}"),
        Foreign("backends", "models: {zai-org/GLM-5.3: {backends: 0}}", "each model has its own"),
        Foreign("model", 'rules: [{when: {model: "*GLM*"}, reply: {text: Hello}}]'),
        Foreign("time now date start", "clock: {start: 2026-01-01, mode: frozen}"),
        Foreign("verify assert expectations expected", "expect: [{no_request_within_retry_after: true}]"),
    ),
    "rule": (
        Foreign(
            "match matcher if request condition conditions where filter on input prompt", "when: {last_user: hello}"
        ),
        Foreign("pattern regex matches", "when: {last_user: {matches: 'order \\d+'}}"),
        Foreign("contains user message", "when: {last_user: {contains: weather}}"),
        Foreign("response respond answer return output result then_return body content", "reply: {text: Hello}"),
        Foreign("responses answers sequence", "replies: [{text: One}, {text: Two}]"),
        Foreign(_STATUSES, "reply: {error: 429}"),
        Foreign(_WAITS, f"reply: {{text: Hello, {_SLOW}}}"),
        Foreign("timeout", f"reply: {{{_STALL}}}", "the client's own timeout ends the wait"),
        Foreign(f"fault chaos hangup {_LEAVES}", f"reply: {{text: Hello, {_CUT}}}"),
        Foreign("repeat count limit max_times", "replies: [{text: Hello, times: 2}]"),
        Foreign("id title description comment", "name: weather"),
    ),
    "condition": (
        Foreign("match contains content text message user input query question role", "last_user: {contains: weather}"),
        Foreign("regex regexp pattern matches", "last_user: {matches: 'order \\d+'}"),
        Foreign("equals exact", "last_user: {equals: hello}"),
        Foreign("messages conversation history", "any_message: {contains: weather}"),
        Foreign("system_prompt system_message", "system: {contains: assistant}"),
        Foreign("tool tool_name function functions has_tool", "tools: get_weather"),
        Foreign("tool_output tool_response function_result", "tool_result: get_weather"),
        Foreign("path url route method", "endpoint: chat"),
        Foreign("api_key authorization token", "key: akml-local"),
        Foreign("request payload json temperature max_tokens fields", "body: {temperature: 0}"),
        Foreign("count attempt nth round sequence_index turn_index", "turn: 0", "it counts the assistant's messages"),
        Foreign("or any_of one_of", "any: [{turn: 0}, {last_user: hello}]"),
        Foreign("and all_of", "all: [{turn: 0}, {last_user: hello}]"),
        Foreign("status error", "turn: 0", "`when` is about the request; errors stand in the reply"),
    ),
    "text_lookup": _TEXT_LOOKUP,
    "number_lookup": (
        *_ORDER,
        Foreign("equal eq is", "equals: 2"),
        Foreign("in any_of", "one_of: [0, 1]"),
    ),
    "value_lookup": (*_TEXT_LOOKUP, *_ORDER),
    "tool_result": (
        Foreign("tool function tool_name", "name: get_weather"),
        Foreign("text result output value contains", "content: {contains: sunny}"),
    ),
    "reply": (
        Foreign("content message response answer output completion messages role refusal", "text: Hello"),
        Foreign("body", "raw: {status: 200, body: Hello}", "or `text`, which every endpoint understands"),
        Foreign(_STATUSES, "error: 429"),
        Foreign("kind type", "error: overloaded"),
        Foreign(_WAITS, _SLOW),
        Foreign("tps tokens_per_second speed", "stream: {tokens_per_second: 40}"),
        Foreign("chunk chunks chunk_size chunk_delay interval", "stream: {chunk: word, between_tokens: 20ms}"),
        Foreign("timeout stall hang", _STALL, "the client's own timeout ends the wait"),
        Foreign(f"fault chaos hangup {_LEAVES}", _CUT),
        Foreign("corrupt malformed", "faults: [{corrupt: true, after: {tokens: 2}}]"),
        Foreign("function_call tool tools tool_use function", _CALL),
        Foreign("finish_reason stop_reason", "finish: length"),
        Foreign("reasoning_content thinking", "reasoning: Let me see."),
        Foreign("tokens max_tokens length random lorem", "generate: {tokens: 100}"),
        Foreign("repeat count", "times: 2"),
        Foreign("chance likelihood", "probability: 0.5"),
        Foreign("input_tokens prompt_tokens output_tokens completion_tokens", "usage: {prompt_tokens: 9}"),
        Foreign("state", "set_state: {order: paid}"),
        Foreign("sse events", "frames: ['data: {}']"),
        Foreign("json_schema object data", "json: {city: Lisbon}"),
        Foreign("when match", "text: Hello", "`when` stands beside the reply, in the rule"),
    ),
    "choice": (
        Foreign("content message role", "text: Hello"),
        Foreign("finish_reason stop_reason", "finish: length"),
    ),
    "tool_call": (
        Foreign("function tool", "name: get_weather"),
        Foreign("args input parameters params", "name: get_weather, arguments: {city: Oslo}"),
        Foreign("tool_call_id", "name: get_weather, id: call_1"),
        Foreign("type", "name: get_weather", "every tool is a function"),
    ),
    "generate": (Foreign("max_tokens length words count", "tokens: 100"),),
    "error": (
        Foreign("status_code http_status", "status: 429"),
        Foreign("error name", "kind: rate_limited"),
        Foreign("text detail description msg", "message: Not today."),
        Foreign("field", "status: 400, param: model"),
        Foreign("retry_after", "kind: rate_limited", "`retry_after: 2s` stands beside `error`"),
        Foreign("headers body", "status: 502", "`headers` stand beside `error`; `raw` is any answer with its body"),
    ),
    "raw": (
        Foreign("code status_code http_status", "status: 502"),
        Foreign("text content json data", "body: Bad Gateway"),
        Foreign("content_type", "headers: {content-type: text/html}"),
    ),
    "usage": (
        Foreign("input input_tokens prompt_token_count", "prompt_tokens: 9"),
        Foreign("output output_tokens candidates_token_count", "completion_tokens: 14"),
        Foreign("cache_read_input_tokens cached prompt_tokens_details", "cached_tokens: 8"),
        Foreign("thinking_tokens completion_tokens_details", "reasoning_tokens: 5"),
        Foreign("total total_tokens", "prompt_tokens: 9, completion_tokens: 14", "the total is their sum"),
    ),
    "stream": (
        Foreign("delay latency ttft initial_delay wait", "first_token: 800ms"),
        Foreign("tps rate speed", "tokens_per_second: 40"),
        Foreign("itl inter_token interval chunk_delay", "between_tokens: 20ms"),
        Foreign("chunk_size chunks", "chunk: 5"),
    ),
    "fault": (
        Foreign("delay latency timeout wait sleep pause hang", "stall: 30s, after: {tokens: 2}"),
        Foreign(_LEAVES, "hangup: truncate, after: {tokens: 5}"),
        Foreign("kind type name fault", "corrupt: true"),
        Foreign("malformed invalid_json", "corrupt: true"),
        Foreign("keepalive keep_alive ping pings", "comments: 50"),
        Foreign("status code", "error: 529, after: {tokens: 2}"),
        Foreign("probability chance times", "corrupt: true", "`probability` and `times` stand beside `faults`"),
    ),
    "after": (Foreign("chunks frames", "events: 3"), Foreign("seconds time", "tokens: 5", "time is a `stall`")),
    "account": (
        Foreign("balance budget amount", "credits: 5.00 USD"),
        Foreign("rpm requests_per_minute limits key default rate_limit", _LIMIT),
        Foreign("tpm tokens_per_minute", "keys: {default: {tokens_per_minute: 1000}}"),
        Foreign("concurrency", "keys: {default: {concurrency: 1}}"),
        Foreign("top_up", "auto_top_up: {below: 1.00 USD, add: 10.00 USD}"),
    ),
    "key": (
        Foreign("rpm rate_limit requests limit", "requests_per_minute: 3"),
        Foreign("tpm tokens", "tokens_per_minute: 1000"),
        Foreign("max_concurrency parallel concurrent_requests", "concurrency: 1"),
        Foreign("enabled", "disabled: true"),
        Foreign("credits balance", "concurrency: 1", "credits are the account's: account: {credits: 5.00 USD}"),
    ),
    "clock": (
        Foreign("now time at date", "start: 2026-01-01"),
        Foreign("speed rate freeze frozen", "mode: frozen"),
    ),
    "backends": (
        Foreign("count number", "total: 2"),
        Foreign("up down", "flapping: {up: 30s, down: 10s}"),
        Foreign("concurrency capacity", "slots: 1"),
    ),
    "expectation": (
        Foreign("name", "no_request_within_retry_after: true", "`rule: <its name>` expects that it answered"),
    ),
}
"""By the name of the section that the word stands in."""

WORDS: Mapping[str, tuple[Foreign, ...]] = {
    "error": (
        Foreign("too_many_requests rate_limit rate_limit_error rate_limit_exceeded quota", "rate_limited"),
        Foreign("internal_server_error server_error internal_error api_error", "internal"),
        Foreign("service_unavailable", "unavailable"),
        Foreign("bad_gateway", "502"),
        Foreign("request_timeout", "408"),
        Foreign("timeout gateway_timeout", "no_backend", "this is a 504; `stall` makes the client wait"),
        Foreign("overloaded_error busy", "overloaded"),
        Foreign("invalid_key invalid_api_key authentication_error unauthenticated expired_key", "unauthorized"),
        Foreign(
            "payment_required no_credits insufficient_quota insufficient_funds billing_error", "insufficient_credits"
        ),
        Foreign("permission_denied permission_error", "forbidden"),
        Foreign("invalid_request invalid_request_error validation_error", "bad_request"),
        Foreign("context_overflow context_window_exceeded prompt_too_long", "context_length_exceeded"),
        Foreign("request_too_large payload_too_large", "too_large"),
    ),
    "hangup": (
        Foreign(
            "close closed done finish", "end", "the body ends as if it were whole, and most clients notice nothing"
        ),
        Foreign(
            "disconnect drop abort cut break eof incomplete true", "truncate", "clients notice that the body is cut"
        ),
        Foreign("econnreset kill", "reset"),
    ),
    "fault": (
        Foreign(_LEAVES, "{hangup: truncate, after: {tokens: 5}}"),
        Foreign("timeout delay latency wait", "{stall: 30s, before: response}"),
        Foreign("malformed invalid_json", "corrupt"),
        Foreign("too_many_requests rate_limited overloaded", "{error: overloaded, after: {tokens: 5}}"),
    ),
    "unscripted": (
        Foreign("passthrough proxy default random", "generate"),
        Foreign("strict error 404 reject none", "fail"),
    ),
    "then": (
        Foreign("end error 404", "fail"),
        Foreign("cycle restart again", "loop"),
        Foreign("last stay", "repeat"),
        Foreign("generate generator passthrough", "unscripted"),
    ),
    "finish": (
        Foreign("end_turn end eos stop_sequence", "stop"),
        Foreign("max_tokens cut", "length"),
        Foreign("tool_use function_call", "tool_calls"),
        Foreign("refusal safety", "content_filter"),
    ),
    "endpoint": (
        Foreign("chat_completions openai v1_chat_completions", "chat"),
        Foreign("anthropic v1_messages anthropic_v1_messages", "messages"),
    ),
    "drop": (
        Foreign("finish_reason stop_reason", "finish"),
        Foreign("end last", "done"),
        Foreign("tokens", "usage"),
    ),
}
"""By the name of the key whose value the word is."""


def hints_at_keys(section: str) -> Hints:
    """The hint at an unknown key of a section."""
    return _hints(SECTIONS.get(section, ()))


def hints_at_words(key: str) -> Hints:
    """The hint at an unknown word that is the value of a key."""
    return _hints(WORDS.get(key, ()))


def _hints(rows: tuple[Foreign, ...]) -> Hints:
    known = {_plain(word): _sentence(row) for row in rows for word in row.words.split()}
    return lambda word: known.get(_plain(word), "")


def _plain(word: str) -> str:
    return re.sub(r"[\W_]", "", word[:60]).lower()


def _sentence(row: Foreign) -> str:
    return f"; write {row.write}" + (f" ({row.why})" if row.why else "")
