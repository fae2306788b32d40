"""The settings of a server: one field for each, with its default and the reason for it.

Where AkashML's behaviour is not known, the default is an assumption and the field lets a user choose otherwise;
docs/contract.md lists the evidence.

`Settings` checks the values that it is given, and `Settings.read` the names as well. The command line, Python, the
pytest marker and HTTP all use it: they accept the same values and report the same errors.
"""

import json
import re
import reprlib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, get_args

from msgspec import Struct
from msgspec.structs import force_setattr

from emulator.core.nearest import did_you_mean, nearest
from emulator.core.regexes import late
from emulator.core.units import Notation, as_text, duration, size, switch, whole

_SHOWN = 60
"""A message shows so many characters of a value."""


class SettingsError(ValueError, TypeError):
    """Unknown settings or wrong values, one line each; the message is for the person who wrote them.

    It is also a TypeError, which Python raises for an unknown keyword argument.
    """


class _OneOf(Notation[str]):
    """A notation that accepts one of a list of words."""

    def __init__(self, *words: str) -> None:
        *others, last = (word or '""' for word in words)
        super().__init__(f"{', '.join(others)} or {last}", "|".join(map(re.escape, words)), lambda found: found[0])
        self._words = words

    def __call__(self, text: str) -> str:
        """Return the word. Raises ValueError, with the most similar word, if it is not in the list."""
        try:
            return super().__call__(text)
        except ValueError as error:
            raise ValueError(f"{error}{did_you_mean(text, self._words)}") from None


class _ListOfTexts(Notation[tuple[str, ...]]):
    """A notation for a list of texts. In a single text, they are separated by commas."""

    def __init__(self) -> None:
        super().__init__(
            "a list of texts, or texts separated by commas",
            "(?s:.*)",
            lambda found: tuple(part.strip() for part in found[0].split(",") if part.strip()),
        )

    def of(self, value: object) -> tuple[str, ...]:
        """Return the texts of a list, a tuple, or one text. Raises ValueError for any other value."""
        if not isinstance(value, list | tuple):
            return super().of(value)
        texts = tuple(as_text(each) or "" for each in value)
        if not all(texts):
            raise ValueError(f"expected {self.what}")
        return texts


class _HostNames(_ListOfTexts):
    """A notation for a list of host names and addresses, which become lower case."""

    def of(self, value: object) -> tuple[str, ...]:
        """Return the names. Raises ValueError for a text that is none, such as one with a port."""
        names = tuple(each.strip("[]").lower() for each in super().of(value))
        if not all(map(_HOST_NAME.fullmatch, names)):
            raise ValueError("expected host names without a scheme or a port, such as akashml or 192.168.0.7")
        return names


_HOST_NAME = late(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|[0-9a-f:.]*:[0-9a-f:.]*", re.ASCII)
_Text: TypeAlias = Annotated[str, Notation("a text", "(?s:.*)", lambda found: found[0])]
_Texts: TypeAlias = Annotated[tuple[str, ...], _ListOfTexts()]
_Hosts: TypeAlias = Annotated[tuple[str, ...], _HostNames()]
_Token: TypeAlias = Annotated[
    str, Notation("a token of visible ASCII characters without spaces", "[!-~]*", lambda found: found[0])
]
_Switch: TypeAlias = Annotated[bool, switch]
_PLAIN_MODEL = "meta-llama/Llama-3.3-70B-Instruct"
_OtherModel: TypeAlias = Annotated[
    str,
    Notation(
        "the id of a model, true or false",
        r"(?i:(true|yes|on|1)|(false|no|off|0|))|\S+",
        lambda found: _PLAIN_MODEL if found[1] else "" if found[2] is not None else found[0],
    ),
]
_Count: TypeAlias = Annotated[int, whole(1)]
_RecordLength: TypeAlias = Annotated[int, whole(1, 100_000)]
_Size: TypeAlias = Annotated[int, size.limited("a size of at least 1 byte, such as 32MiB, 500kB or 1024", bool)]
_Duration: TypeAlias = Annotated[float, duration.limited("a duration of more than 0s, such as 250ms, 2s or 15", bool)]


class Settings(Struct, frozen=True, kw_only=True):
    """The settings of a server, which are fixed when it starts.

    A field is annotated with the notation of its values (a `Literal` needs none) and with its meaning.
    """

    seed: Annotated[
        _Text, "What answers, ids and chances derive from, and new keys too if it is given; otherwise those are random."
    ] = ""
    auth: Annotated[
        Literal["format", "open", "strict"],
        "format: a key must look like AkashML's; open: anything goes; strict: only configured keys.",
    ] = "format"
    keys: Annotated[_Texts, "The keys that strict auth accepts, separated by commas; with them, auth is strict."] = ()
    allowed_hosts: Annotated[
        _Hosts, "Host names, besides those of the loopback interface, that requests may be sent to; others get a 421."
    ] = ()
    control_token: Annotated[
        _Token, "The token that /_emulator asks for. Without one, none is needed on the loopback interface."
    ] = ""
    strict_keys: Annotated[
        _Switch, "A key that names no scenario but nearly does is refused with 404, instead of answered with a warning."
    ] = False
    max_body_bytes: Annotated[_Size, "A larger request body is refused with 413. Anthropic's limit is 32 MB."] = (
        32 * 1024 * 1024
    )
    max_keys: Annotated[
        _Count,
        "How many API keys are remembered. A further key replaces one that holds no credits, counts, activation or "
        "position in a scenario; if there is none, it is refused with 503.",
    ] = 10_000
    max_inferences: Annotated[
        _RecordLength,
        "How many inferences are recorded: beyond it, and beyond 64 KiB for each or 64 MiB in all, the oldest are "
        "forgotten.",
    ] = 1000
    head_timeout: Annotated[
        _Duration, "A request line with its headers that takes longer is refused with 408, whatever the clock says."
    ] = 10.0
    body_timeout: Annotated[_Duration, "A request body that takes longer is refused with 408."] = 60.0
    idle_timeout: Annotated[_Duration, "A connection without a request for longer is closed."] = 75.0
    v1_model_ids: Annotated[
        Literal["either", "slashed"],
        "Ids of models that a request to /v1 may name: with / or --, or with / only (open question 31).",
    ] = "either"
    strictness: Annotated[
        Literal["vllm", "openai"],
        "What a request to /v1 may say, where they differ: what vLLM takes, or what OpenAI's specification allows.",
    ] = "vllm"
    error_shape: Annotated[
        Literal["openai", "flat"],
        "Body of errors on /v1 other than 401: OpenAI's, or AkashML's flat one (open question 1).",
    ] = "openai"
    auth_error_shape: Annotated[
        Literal["flat", "openai"], "Body of a 401 on /v1: flat as seen at AkashML, or OpenAI's."
    ] = "flat"
    overflow_error: Annotated[
        Literal["vllm", "openai"],
        "The 400 on /v1 for a context that is exceeded: vLLM's of today, or OpenAI's, which older vLLM has (open "
        "question 7).",
    ] = "vllm"
    queue_timeout_status: Annotated[
        Literal["429", "529"],
        "Status of a request that waits too long for a backend: 429 as seen at AkashML, or 529 (open question 28).",
    ] = "429"
    reasoning_field: Annotated[
        Literal["reasoning_content", "reasoning", "both"], "Name of the reasoning text on /v1 (open question 4)."
    ] = "reasoning_content"
    reasoning_budget: Annotated[
        Literal["exact", "loose"],
        "A budget or an effort of reasoning: kept, or exceeded as was measured at AkashML (open question 32).",
    ] = "exact"
    reasoning_by_default: Annotated[
        _Switch, "A reasoning model reasons when the request says nothing of it (open question 5)."
    ] = True
    usage_details: Annotated[_Switch, "Add prompt_tokens_details and completion_tokens_details to usage on /v1."] = (
        False
    )
    usage_null: Annotated[
        _Switch, "With include_usage, send usage: null on every chunk before the last, as OpenAI does."
    ] = False
    named_tool_finish: Annotated[
        Literal["stop", "tool_calls"],
        "Finish reason on /v1 of calls that a named tool_choice forces: as vLLM of today has it, or of before (open "
        "question 30).",
    ] = "stop"
    empty_arguments: Annotated[
        Literal["{}", ""], 'Arguments of a tool call without parameters; AkashML once sent "".'
    ] = "{}"
    model_name: Annotated[
        Literal["sent", "catalogue"],
        "The model field of an answer: as the caller wrote it, or the catalogue's id.",
    ] = "sent"
    any_model: Annotated[
        _OtherModel,
        "The model that answers to all names that are no ids, such as gpt-4o, and is called as they are; false: a 404. "
        f"true: {_PLAIN_MODEL}, which does not reason.",
    ] = ""
    count_tokens: Annotated[_Switch, "Serve /anthropic/v1/messages/count_tokens; off: 404 (open question 12)."] = True
    keep_alive: Annotated[_Duration, "The silence in a stream after which a comment or ping is sent."] = 15.0
    max_n: Annotated[_Count, "The largest n."] = 128
    max_output: Annotated[
        Literal["clamp", "reject"], "max_tokens above the model's: lowered silently, or 400 (open question 8)."
    ] = "clamp"
    max_answer: Annotated[
        _Count,
        "A larger answer is refused with 400: its choices times max_tokens, each token as often as it has log "
        "probabilities, itself included. Without max_tokens, choices are cut to it.",
    ] = 2 * 1024 * 1024
    unknown_blocks: Annotated[
        Literal["warn", "reject"],
        "Types of blocks, tools, sources and thinking on /anthropic that are unknown here: passed over with a warning, "
        "or 400.",
    ] = "warn"
    suffix: Annotated[Literal["ignore", "reject"], "A suffix in /v1/completions: ignored, or 400 as vLLM does."] = (
        "ignore"
    )
    unsupported_sampling: Annotated[
        Literal["ignore", "warn", "reject"],
        "A sampling parameter that the model's supported_sampling_parameters lack: without effect, "
        "without effect and told in the header X-Emulator-Warning, or 400.",
    ] = "ignore"
    credits_run_out: Annotated[
        Literal["finish", "error"],
        "Credits that run out during an answer: it is finished, or ends with an error.",
    ] = "finish"
    store_away: Annotated[
        Literal["refuse", "answer"],
        "Requests while the store is not reached: refused with 503, or answered without state, which the header "
        "X-Emulator-Warning tells.",
    ] = "refuse"

    @property
    def answer_seed(self) -> str:
        """What answers, ids and chances derive from: they are the same every time, even if no seed is given."""
        return self.seed or "0"

    def __post_init__(self) -> None:
        """Parse each value from any of its written forms. Raises one SettingsError for all wrong values."""
        wrong = []
        for setting in settings():
            value = getattr(self, setting.name)
            if value is setting.default:
                continue
            try:
                force_setattr(self, setting.name, setting.notation.of(value))
            except ValueError as error:
                wrong.append(f'setting "{setting.name}" cannot be {_shown(value)}: {error}')
        if wrong:
            raise SettingsError("\n".join(wrong))

    @classmethod
    def read(cls, values: Mapping[str, Any], elsewhere: Callable[[], Mapping[str, str]] = dict) -> "Settings":
        """Return settings with these values. Raises SettingsError for unknown names and for wrong values.

        `elsewhere` returns names that are valid in the source although they are not settings, with their spelling
        there. The message for an unknown name can suggest them.

        >>> Settings.read({"keep_alive": "5s", "count_tokens": "no"}).keep_alive
        5.0
        """
        own = {setting.name: f'"{setting.name}"' for setting in settings()}
        if unknown := [name for name in values if name not in own]:
            known = {**own, **elsewhere(), **own}
            raise SettingsError("\n".join(_unknown(name, known) for name in unknown))
        if not values.get("keys"):
            return cls(**values)
        chosen = cls(**{"auth": "strict", **values})
        if not chosen.keys:
            raise SettingsError('setting "keys" names no key')
        if chosen.auth != "strict":
            raise SettingsError(f'setting "keys" has no effect with auth {chosen.auth}: leave auth out')
        return chosen


class Setting(NamedTuple):
    """One setting: its name, the notation of its values, its default, and its meaning."""

    name: str
    notation: Notation[Any]
    default: Any
    meaning: str


@cache
def settings() -> tuple[Setting, ...]:
    """Return all settings, in their order."""
    found = []
    for name, default in zip(Settings.__struct_fields__, Settings.__struct_defaults__, strict=True):
        kind, *notation, meaning = get_args(Settings.__annotations__[name])
        found.append(Setting(name, notation[0] if notation else _OneOf(*get_args(kind)), default, meaning))
    return tuple(found)


def from_pairs(pairs: Iterable[str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Parse texts of the form `name=value`, and add the settings that have an option of their own.

    A name may have dashes, as options do. Raises SettingsError for a text without a value, and for a name given
    twice.

    >>> from_pairs(["keep-alive=5s"], {"seed": "7"})
    {'seed': '7', 'keep_alive': '5s'}
    """
    values = dict(options)
    for pair in pairs:
        name, equals, value = pair.partition("=")
        name = name.strip().replace("-", "_")
        if not equals:
            raise SettingsError(f'setting "{name}" has no value: write {name}=VALUE')
        if name in values:
            raise SettingsError(f'setting "{name}" is given twice')
        values[name] = value
    return values


def _unknown(name: str, known: Mapping[str, str]) -> str:
    listed = ", ".join(name for name, written in known.items() if written == f'"{name}"')
    near = nearest(name, known)
    return f"unknown setting {_shown(name)}" + (f"; did you mean {known[near]}?" if near else f" (known: {listed})")


def _shown(value: object) -> str:
    """Format a value for a message: in quotes, shortened, on one line."""
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else as_text(value)  # options that are repeated
    text = reprlib.repr(value) if text is None else text
    return json.dumps(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}...", ensure_ascii=False)
