"""What vLLM adds to OpenAI's parameters, or does otherwise: reasoning, constraints of the text, a named tool's end."""

import json
import re
from typing import Any

import pytest
from support.asgi import (
    CHAT,
    CHAT_TOOL,
    COMPLETIONS,
    MESSAGES,
    REASONING,
    ask,
    chat,
    completion,
    error_of,
    message,
    post,
)
from support.parameters import Answer, answer, app_of, body_of

NAMED = {"tools": [CHAT_TOOL], "tool_choice": {"type": "function", "function": {"name": "get_weather"}}}
CALLED = {"tool_calls": [{"name": "get_weather", "arguments": {"city": "Oslo"}}]}
SCHEMA = {"type": "object", "properties": {"answer": {"type": "integer"}}, "required": ["answer"]}
ROOMY = 20_000


# ---------------------------------------------------------------------------------------------- a named tool


@pytest.mark.parametrize("canned", [None, CALLED])
@pytest.mark.parametrize("n", [1, 2])
def test_a_named_tool_ends_with_stop(canned: Any, n: int) -> None:
    """Whole and streamed, generated and scripted; the setting has the older reason, `required` never changes."""
    asked = body_of(CHAT, **NAMED, n=n)
    assert answer(CHAT, asked, canned).finishes == ["stop"] * n
    assert answer(CHAT, asked, canned, named_tool_finish="tool_calls").finishes == ["tool_calls"] * n
    assert answer(CHAT, asked | {"tool_choice": "required"}, canned).finishes == ["tool_calls"] * n


@pytest.mark.parametrize("reply", [CALLED | {"finish": "tool_calls"}, {"choices": [CALLED | {"finish": "tool_calls"}]}])
def test_a_finish_reason_of_a_scenario_stays(reply: Any) -> None:
    """What is written there is what is sent, whatever tool_choice says."""
    assert answer(CHAT, body_of(CHAT, **NAMED), reply).finishes == ["tool_calls"]


def test_a_named_tool_that_is_cut_or_not_called() -> None:
    """A limit is `length`, and text alone is `stop`."""
    assert answer(CHAT, body_of(CHAT, **NAMED, max_tokens=1)).finishes == ["length"]
    assert answer(CHAT, body_of(CHAT, **NAMED), {"text": "No."}, named_tool_finish="tool_calls").finishes == ["stop"]


def test_other_forms_of_a_named_tool_keep_their_reasons() -> None:
    """The deprecated function_call ends with `function_call`, and a tool on /anthropic with tool_use."""
    function = CHAT_TOOL["function"]
    asked = body_of(CHAT, functions=[function], function_call={"name": function["name"]})
    assert post(CHAT, asked).json["choices"][0]["finish_reason"] == "function_call"
    tool = {"name": "f", "input_schema": {"type": "object"}}
    told = post(MESSAGES, message(tools=[tool], tool_choice={"type": "tool", "name": "f"}))
    assert told.json["stop_reason"] == "tool_use"


# ---------------------------------------------------------------------------------------------- reasoning


def reasoned(answer: Answer) -> list[str]:
    return [choice.reasoning for choice in answer.choices]


def thinking(question: str = "What is a harbour?", budget: str = "exact", **more: Any) -> int:
    """The reasoning tokens of an answer."""
    asked = body_of(CHAT, question, **{"model": REASONING, "max_tokens": ROOMY, **more})
    usage = post(CHAT, asked, usage_details=True, reasoning_budget=budget).json["usage"]
    tokens: int = usage["completion_tokens_details"]["reasoning_tokens"]
    return tokens


def test_reasoning_is_left_out() -> None:
    """`include_reasoning: false` sends none, whole and streamed, and counts it; `reasoning.exclude` says more."""
    asked = body_of(CHAT, model=REASONING)
    shown, hidden = answer(CHAT, asked), answer(CHAT, asked | {"include_reasoning": False})
    assert (reasoned(hidden), hidden.texts, hidden.completion) == ([""], shown.texts, shown.completion)
    other = answer(CHAT, asked | {"include_reasoning": False, "reasoning": {"exclude": False}})
    assert reasoned(other) == reasoned(shown) != [""]


def test_a_thinking_token_budget() -> None:
    """It limits reasoning and does not turn it on; `reasoning.max_tokens` beats it; −1 is none, and 0 is off."""
    whole = thinking()
    assert thinking(thinking_token_budget=5) == 5
    assert thinking(thinking_token_budget=5, reasoning={"max_tokens": 7}) == 7
    assert thinking(thinking_token_budget=5, reasoning={}) == 5
    assert (thinking(thinking_token_budget=-1), thinking(thinking_token_budget=0)) == (whole, 0)
    assert thinking(thinking_token_budget=0, reasoning={"effort": "high", "max_tokens": 9}) == 9
    assert thinking(thinking_token_budget=9, reasoning={"enabled": False}) == 0
    refused = post(CHAT, chat(thinking_token_budget=-2))
    assert (refused.status, error_of(refused)["param"]) == (400, "thinking_token_budget")


def test_an_empty_reasoning_says_nothing() -> None:
    """Some clients send `reasoning: {}` alone: the model's default."""
    asked = body_of(CHAT, model=REASONING)
    assert answer(CHAT, asked | {"reasoning": {}}).choices == answer(CHAT, asked).choices
    off = answer(CHAT, asked | {"reasoning": {}}, reasoning_by_default=False)
    assert reasoned(off) == [""]


QUESTIONS = [f"What is the number {at}?" for at in range(12)]


def test_a_loose_budget_is_exceeded() -> None:
    """Each question by its own measure, within what was measured; the same question always by the same."""
    found = [thinking(question, "loose", reasoning={"max_tokens": 256}) for question in QUESTIONS]
    assert all(695 <= tokens <= 1197 for tokens in found) and len(set(found)) > 6
    assert found == [thinking(question, "loose", reasoning={"max_tokens": 256}) for question in QUESTIONS]
    low = [thinking(question, "loose", reasoning_effort="low") for question in QUESTIONS]
    assert all(634 <= tokens <= 3219 for tokens in low) and len(set(low)) > 6
    assert thinking(QUESTIONS[0], "loose", thinking_token_budget=256) == found[0]
    assert {thinking(question, "exact", reasoning={"max_tokens": 20}) for question in QUESTIONS} == {20}


@pytest.mark.parametrize(
    "off", [{"reasoning_effort": "none"}, {"reasoning": {"enabled": False}}, {"reasoning": {"max_tokens": 0}}]
)
def test_off_is_reliable(off: dict[str, Any]) -> None:
    """A loose budget of nothing is nothing."""
    assert thinking(budget="loose", **off) == 0


def test_a_loose_budget_can_eat_the_answer() -> None:
    """The limit of the answer holds: reasoning that reaches it leaves no text. Without a budget nothing changes."""
    asked = body_of(CHAT, model=REASONING, max_tokens=300, reasoning={"max_tokens": 256})
    told = answer(CHAT, asked, reasoning_budget="loose")
    assert (told.texts, told.finishes, told.completion) == ([""], ["length"], 300)
    plain = body_of(CHAT, model=REASONING)
    assert answer(CHAT, plain, reasoning_budget="loose").body == answer(CHAT, plain).body


def test_a_scenario_sets_its_reasoning_exactly() -> None:
    """Loose are the budgets of requests, not the tokens of a scenario."""
    told = {"generate": {"reasoning_tokens": 30, "tokens": 10}}
    assert answer(CHAT, body_of(CHAT, model=REASONING), told, reasoning_budget="loose").completion == 40


# ---------------------------------------------------------------------------------------------- the form of the text


@pytest.mark.parametrize("path", [CHAT, COMPLETIONS])
@pytest.mark.parametrize("more", [{}, {"n": 2}, {"logprobs": 1, "top_logprobs": None}])
def test_structured_outputs_are_obeyed(path: str, more: dict[str, Any]) -> None:
    """A schema, a pattern, one of some strings, or any object; whole and streamed, on both endpoints."""
    if path == CHAT and "logprobs" in more:
        more = {"logprobs": True, "top_logprobs": 1}

    def texts(**constraint: Any) -> list[str]:
        told = answer(path, body_of(path, structured_outputs=constraint, **more))
        assert set(told.finishes) == {"stop"}
        return told.texts

    for schema in (SCHEMA, json.dumps(SCHEMA)):
        assert all(isinstance(json.loads(text)["answer"], int) for text in texts(json=schema))
    assert all(re.fullmatch("[a-f]{2}-[0-9]{3}", text) for text in texts(regex="[a-f]{2}-[0-9]{3}"))
    assert all(re.fullmatch("x+|y", text) for text in texts(regex="x{2,}|y"))
    assert set(texts(choice=["positive", 'a "b"\n'])) <= {"positive", 'a "b"\n'}
    assert all(isinstance(json.loads(text), dict) for text in texts(json_object=True))


def test_a_response_format_beats_a_constraint() -> None:
    """As in vLLM; a constraint that is switched off constrains nothing."""
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    asked = body_of(CHAT, structured_outputs={"choice": ["yes"]}, response_format=form)
    assert "answer" in json.loads(answer(CHAT, asked).texts[0])
    assert answer(CHAT, asked | {"response_format": {"type": "text"}}).texts == ["yes"]
    plain = answer(CHAT, body_of(CHAT))
    assert answer(CHAT, body_of(CHAT, structured_outputs={"json_object": False})).texts == plain.texts


def test_a_completion_has_a_format() -> None:
    """`response_format` means on /v1/completions what it means in a chat."""
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    assert "answer" in json.loads(answer(COMPLETIONS, body_of(COMPLETIONS, response_format=form)).texts[0])


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ("yes", "structured_outputs"),
        ({}, "structured_outputs"),
        ({"json": None, "disable_fallback": True}, "structured_outputs"),
        ({"json": SCHEMA, "choice": ["a"]}, "structured_outputs"),
        ({"json": "{"}, "structured_outputs.json"),
        ({"json": "[1]"}, "structured_outputs.json"),
        ({"json": 5}, "structured_outputs.json"),
        ({"json": {"type": "integr"}}, "structured_outputs.json"),
        ({"regex": "("}, "structured_outputs.regex"),
        ({"regex": "a)|(b"}, "structured_outputs.regex"),
        ({"regex": ""}, "structured_outputs.regex"),
        ({"choice": []}, "structured_outputs.choice"),
        ({"choice": "yes"}, "structured_outputs.choice"),
        ({"choice": ["yes", 5]}, "structured_outputs.choice[1]"),
        ({"json_object": "yes"}, "structured_outputs.json_object"),
        ({"grammar": 5}, "structured_outputs.grammar"),
    ],
)
@pytest.mark.parametrize("path", [CHAT, COMPLETIONS])
def test_a_mistake_in_structured_outputs(path: str, wrong: Any, param: str) -> None:
    """It is a 400 that names the key."""
    for stream in (False, True):
        refused = post(path, body_of(path, structured_outputs=wrong, stream=stream))
        assert (refused.status, error_of(refused)["param"]) == (400, param), refused.body


def test_a_regular_expression_is_shown_as_it_was_sent() -> None:
    """A mistake in it is told at its place, not at that in an expression around it."""
    message = error_of(post(CHAT, body_of(CHAT, structured_outputs={"regex": "[a-"})))["message"]
    assert re.search(r"'\[a-' is not a regular expression: .* at 3\b", message)


def test_a_constraint_and_a_forced_tool_exclude_each_other() -> None:
    """A named tool is a 400 beside a constraint; a tool that is required, or chosen freely, is not."""
    asked = body_of(CHAT, structured_outputs={"choice": ["yes"]}, **NAMED)
    assert error_of(post(CHAT, asked))["param"] == "structured_outputs"
    assert {post(CHAT, asked | {"tool_choice": choice}).status for choice in ("auto", "required", "none")} == {200}


@pytest.mark.parametrize("path", [CHAT, COMPLETIONS])
@pytest.mark.parametrize("key", ["grammar", "structural_tag"])
def test_a_grammar_is_for_scripted_answers(path: str, key: str) -> None:
    """The generator cannot obey it and says so; a scenario's answer is sent."""
    asked = body_of(path, structured_outputs={key: 'root ::= "yes"'})
    error = error_of(post(path, asked))
    assert (error["param"], "script the answer" in error["message"]) == (f"structured_outputs.{key}", True)
    assert answer(path, asked, {"text": "yes"}).texts == ["yes"]


# ---------------------------------------------------------------------------------------------- the model's id


@pytest.mark.parametrize(("path", "body"), [(CHAT, chat()), (COMPLETIONS, completion())])
def test_either_form_of_an_id_is_known_on_v1(path: str, body: dict[str, Any]) -> None:
    """The answer names the model as it was asked for; the list has slashes; a setting refuses the other form."""
    alias = "zai-org--GLM-5.3"
    told = post(path, body | {"model": alias})
    assert (told.status, told.json["model"]) == (200, alias)
    assert post(path, body | {"model": alias}, model_name="catalogue").json["model"] == REASONING
    refused = post(path, body | {"model": alias}, v1_model_ids="slashed")
    assert (refused.status, REASONING in error_of(refused)["message"]) == (404, True)
    listed = ask(app_of(), "GET", "/v1/models").json["data"]
    assert all("--" not in model["id"] for model in listed)
    assert ask(app_of(), "GET", f"/v1/models/{alias}").json["id"] == REASONING
    assert ask(app_of(v1_model_ids="slashed"), "GET", f"/v1/models/{alias}").status == 404
