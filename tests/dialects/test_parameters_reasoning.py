"""Reasoning: whether, how long, and who sees it, in the words of each endpoint."""

import json
from typing import Any, TypeAlias

import pytest
from support.asgi import CHAT, COMPLETIONS, MESSAGES, PLAIN, REASONING, ask, error_of, events, post
from support.parameters import Answer, answer, app_of, body_of

Body: TypeAlias = dict[str, Any]

BOTH = pytest.mark.parametrize("path", [CHAT, MESSAGES])
CANNED: Body = {"reasoning": "The user greets. I will greet back.", "text": "Good morning to you."}
KINDS = pytest.mark.parametrize("canned", [None, CANNED], ids=["generated", "canned"])


def thought(path: str, canned: Body | None = None, *, model: str = REASONING, limit: int = 2000, **more: Any) -> Answer:
    """An answer of a model that reasons; settings are none of a request's fields."""
    settings = {name: more.pop(name) for name in ("reasoning_by_default", "reasoning_field") if name in more}
    return answer(path, body_of(path, model=model, **{"max_tokens": limit} | more), canned, **settings)


def size(path: str, **more: Any) -> int:
    """How many tokens are reasoning: what the usage has beyond the same answer without any."""
    none = {"reasoning": {"enabled": False}} if path == CHAT else {"thinking": {"type": "disabled"}}
    return thought(path, **more).completion - thought(path, **none).completion


# ---------------------------------------------------------------------------------------------- whether

ON: dict[str, tuple[str, Body]] = {
    "nothing said": (CHAT, {}),
    "enabled": (CHAT, {"reasoning": {"enabled": True}}),
    "an effort": (CHAT, {"reasoning": {"effort": "low"}}),
    "a budget": (CHAT, {"reasoning": {"max_tokens": 20}}),
    "only hidden": (CHAT, {"reasoning": {"exclude": False}}),
    "reasoning_effort": (CHAT, {"reasoning_effort": "low"}),
    "the template": (CHAT, {"chat_template_kwargs": {"enable_thinking": True}}),
    "a template that says something else": (CHAT, {"chat_template_kwargs": {"enable_thinking": "no", "x": 1}}),
    "enabled beats reasoning_effort": (CHAT, {"reasoning": {"enabled": True}, "reasoning_effort": "none"}),
    "an effort beats reasoning_effort": (CHAT, {"reasoning": {"effort": "low"}, "reasoning_effort": "none"}),
    "a budget beats reasoning_effort": (CHAT, {"reasoning": {"max_tokens": 9}, "reasoning_effort": "none"}),
    "reasoning_effort beats the template": (
        CHAT,
        {"reasoning_effort": "low", "chat_template_kwargs": {"enable_thinking": False}},
    ),
    "nothing said to messages": (MESSAGES, {}),
    "thinking": (MESSAGES, {"thinking": {"type": "enabled", "budget_tokens": 1024}}),
    "adaptive thinking": (MESSAGES, {"thinking": {"type": "adaptive"}}),
    "an effort of messages": (MESSAGES, {"output_config": {"effort": "low"}}),
}
OFF: dict[str, tuple[str, Body]] = {
    "disabled": (CHAT, {"reasoning": {"enabled": False}}),
    "disabled with an effort": (CHAT, {"reasoning": {"enabled": False, "effort": "high"}}),
    "disabled beats reasoning_effort": (CHAT, {"reasoning": {"enabled": False}, "reasoning_effort": "high"}),
    "effort none": (CHAT, {"reasoning": {"effort": "none"}}),
    "effort none beats reasoning_effort": (CHAT, {"reasoning": {"effort": "none"}, "reasoning_effort": "high"}),
    "no budget": (CHAT, {"reasoning": {"max_tokens": 0}}),
    "reasoning_effort none": (CHAT, {"reasoning_effort": "none"}),
    "hidden, and reasoning_effort none": (CHAT, {"reasoning": {"exclude": True}, "reasoning_effort": "none"}),
    "the template": (CHAT, {"chat_template_kwargs": {"enable_thinking": False}}),
    "the template, and hidden": (
        CHAT,
        {"chat_template_kwargs": {"enable_thinking": False}, "reasoning": {"exclude": True}},
    ),
    "thinking": (MESSAGES, {"thinking": {"type": "disabled"}}),
    "thinking with an effort": (MESSAGES, {"thinking": {"type": "disabled"}, "output_config": {"effort": "max"}}),
}
SILENT = ("nothing said", "only hidden", "a template that says something else", "nothing said to messages")


@pytest.mark.parametrize("case", ON)
def test_reasoning_can_be_asked_for(case: str) -> None:
    """It comes first and is counted; where nothing is said of it, the server's setting decides."""
    path, more = ON[case]
    said = thought(path, **more).choices[0]
    assert (bool(said.reasoning), bool(said.text), said.finish) == (True, True, "stop")
    unasked = thought(path, **more, reasoning_by_default=False)
    assert bool(unasked.choices[0].reasoning) == (case not in SILENT)


@pytest.mark.parametrize("case", OFF)
def test_reasoning_can_be_turned_off(case: str) -> None:
    """By every word for it: no reasoning, none counted, and the same answer."""
    path, more = OFF[case]
    found, with_reasoning = thought(path, **more), thought(path)
    assert (found.choices[0].reasoning, found.texts) == ("", with_reasoning.texts)
    assert found.completion < with_reasoning.completion


@pytest.mark.parametrize(("path", "more"), [*ON.values(), *OFF.values()], ids=[*ON, *OFF])
def test_a_model_that_does_not_reason_ignores_it(path: str, more: Body) -> None:
    """Its answer and its usage are what they are without."""
    body = body_of(path, max_tokens=2000)
    assert answer(path, body | more).choices == answer(path, body).choices
    assert answer(path, body | more).completion == answer(path, body).completion


def test_a_bare_prompt_is_not_reasoned_about() -> None:
    """Also not by a model that reasons: a completion continues its prompt."""
    told = answer(COMPLETIONS, body_of(COMPLETIONS, model=REASONING, reasoning={"effort": "high"}))
    assert told.choices == answer(COMPLETIONS, body_of(COMPLETIONS, model=REASONING)).choices


# ---------------------------------------------------------------------------------------------- how long


@pytest.mark.parametrize(
    ("path", "efforts"),
    [
        (CHAT, [{"reasoning": {"effort": name}} for name in ("minimal", "low", "medium", "high", "xhigh")]),
        (CHAT, [{"reasoning_effort": name} for name in ("minimal", "low", "medium", "high", "max")]),
        (MESSAGES, [{"output_config": {"effort": name}} for name in ("low", "medium", "high", "max")]),
    ],
    ids=["reasoning", "reasoning_effort", "output_config"],
)
def test_more_effort_reasons_longer(path: str, efforts: list[Body]) -> None:
    """From the least to the most, and each is counted."""
    sizes = [size(path, **effort) for effort in efforts]
    assert sizes == sorted(set(sizes))
    assert sizes[0] > 0


@pytest.mark.parametrize(
    ("reasoning", "share"),
    [({"effort": "minimal"}, 4), ({"effort": "low"}, 8), ({"enabled": True}, 20), ({"effort": "medium"}, 20)],
)
def test_an_effort_is_a_share_of_the_limit(reasoning: Body, share: int) -> None:
    """So that something is left for the answer, which the limit then cuts."""
    said = thought(CHAT, limit=40, reasoning=reasoning)
    visible = thought(CHAT, limit=40 - share, reasoning={"enabled": False})
    assert (said.texts, said.completion, said.finishes) == (visible.texts, 40, ["length"])


@pytest.mark.parametrize("budget", [1, 5, 30])
@pytest.mark.parametrize("more", [{}, {"effort": "high"}, {"effort": "minimal"}])
def test_a_budget_in_tokens_beats_an_effort(budget: int, more: Body) -> None:
    """Reasoning ends with it, the answer follows whole."""
    told = size(CHAT, reasoning={"max_tokens": budget} | more)
    assert 0 < told <= budget
    assert thought(CHAT, reasoning={"max_tokens": budget} | more).texts == thought(CHAT).texts


@BOTH
@KINDS
@pytest.mark.parametrize("limit", [1, 4])
def test_a_small_limit_is_used_up_by_reasoning(path: str, canned: Body | None, limit: int) -> None:
    """The trap: 200, no text, and a finish for length."""
    told = thought(path, canned, limit=limit)
    assert (told.texts, told.finishes, told.completion) == ([""], ["length"], limit)
    assert told.choices[0].reasoning
    if path == MESSAGES:
        assert [block["type"] for block in json.loads(told.body)["content"]] == ["thinking"]


def test_max_completion_tokens_counts_reasoning_too() -> None:
    """It wins over max_tokens, and reasoning uses it up."""
    told = thought(CHAT, max_completion_tokens=4)
    assert (told.texts, told.finishes, told.completion) == ([""], ["length"], 4)


# ---------------------------------------------------------------------------------------------- who sees it


@KINDS
@pytest.mark.parametrize("more", [{}, {"effort": "low"}, {"max_tokens": 9}])
def test_hidden_reasoning_is_counted(canned: Body | None, more: Body) -> None:
    """With `exclude` nothing of it is sent, whole or streamed, and usage is the same."""
    hidden, shown = (thought(CHAT, canned, reasoning=more | {"exclude": exclude}) for exclude in (True, False))
    assert (hidden.completion, hidden.texts) == (shown.completion, shown.texts)
    assert shown.choices[0].reasoning
    assert b"reasoning_content" not in hidden.body


@KINDS
@pytest.mark.parametrize("thinking", [{"type": "adaptive"}, {"type": "enabled", "budget_tokens": 1024}])
def test_thinking_can_be_omitted(canned: Body | None, thinking: Body) -> None:
    """`display: omitted` leaves an empty block with the signature of what was thought, and the same usage."""
    shown = thought(MESSAGES, canned, thinking=thinking | {"display": "summarized"})
    omitted = thought(MESSAGES, canned, thinking=thinking | {"display": "omitted"})
    first, text = json.loads(omitted.body)["content"]
    signed, same = json.loads(shown.body)["content"]
    assert first == {"type": "thinking", "thinking": "", "signature": first["signature"]}
    assert (bool(signed["thinking"]), bool(first["signature"]), text) == (True, True, same)
    assert omitted.completion == shown.completion


def test_omitted_thinking_sends_no_deltas() -> None:
    """The stream opens the block, signs and closes it."""
    body = body_of(MESSAGES, model=REASONING, thinking={"type": "adaptive", "display": "omitted"}, stream=True)
    found = events(ask(app_of(), "POST", MESSAGES, body).body)
    deltas = [
        event["delta"]["type"] for event in found if event["type"] == "content_block_delta" and not event["index"]
    ]
    assert deltas == ["signature_delta"]


@pytest.mark.parametrize(
    ("field", "shown"), [("reasoning", {"reasoning"}), ("both", {"reasoning", "reasoning_content"})]
)
def test_the_field_of_reasoning_by_setting(field: str, shown: set[str]) -> None:
    """It may have the name that other servers give it, or both names."""
    message = ask(app_of(CANNED, reasoning_field=field), "POST", CHAT, body_of(CHAT)).json["choices"][0]["message"]
    assert {name: message[name] for name in message if "reasoning" in name} == dict.fromkeys(shown, CANNED["reasoning"])


@BOTH
def test_reasoning_before_a_call(path: str) -> None:
    """A model that reasons does so before it calls a tool, too."""
    tool: Body = {"name": "get_weather"}
    both = {CHAT: {"type": "function", "function": tool}, MESSAGES: tool | {"input_schema": {"type": "object"}}}
    body = body_of(path, "The weather?", model=REASONING, tools=[both[path]])
    (said,) = answer(path, body).choices
    assert (bool(said.reasoning), said.text, said.finish) == (True, "", "tool_calls")


# ---------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("path", "more", "where"),
    [
        (CHAT, {"reasoning_effort": "enormous"}, "reasoning_effort"),
        (CHAT, {"reasoning": {"effort": "enormous"}}, "reasoning.effort"),
        (CHAT, {"reasoning": {"max_tokens": -1}}, "reasoning.max_tokens"),
        (CHAT, {"reasoning": {"enabled": "yes"}}, "reasoning.enabled"),
        (CHAT, {"reasoning": {"exclude": 1}}, "reasoning.exclude"),
        (MESSAGES, {"output_config": {"effort": "none"}}, "output_config.effort"),
        (MESSAGES, {"thinking": {"type": "on"}}, "thinking.type"),
        (MESSAGES, {"thinking": {"type": "adaptive", "display": "x"}}, "thinking.display"),
        (MESSAGES, {"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
        (MESSAGES, {"thinking": {"type": "enabled", "budget_tokens": 1023}}, "thinking.budget_tokens"),
        (MESSAGES, {"thinking": {"type": "enabled", "budget_tokens": 2000}}, "max_tokens"),
    ],
)
@pytest.mark.parametrize("model", [PLAIN, REASONING])
def test_a_word_that_nobody_knows(path: str, more: Body, where: str, model: str) -> None:
    """It is a 400 that says where, also from a model that would not reason; on /anthropic a setting refuses it."""
    exchange = post(path, body_of(path, model=model, max_tokens=2000) | more, unknown_blocks="reject")
    error = error_of(exchange)
    assert exchange.status == 400
    assert error.get("param", error["message"].replace("`", "").split()[0].rstrip(":")) == where
