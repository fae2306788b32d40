"""Whose turn it is, and what a reply answers: drafts, errors, headers."""

import json
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.catalog import Catalog
from emulator.core.clock import EPOCH
from emulator.core.drafts import Draft
from emulator.core.errors import ERRORS, ApiError, Rejected
from emulator.core.seeds import Seed
from emulator.core.vocabulary import InferenceRequest, Message, Sampling
from emulator.scenario.loader import load_objects
from emulator.scenario.match import match
from emulator.scenario.reply import START, ReplyContext, choose_reply, drafts, error, headers
from emulator.scenario.subject import Subject
from emulator.scenario.types import Rule

CATALOG = Catalog.load()
REQUEST = InferenceRequest("chat", "zai-org/GLM-5.3", messages=(Message("user", "Hello from Oslo"),))


def rule(*replies: dict[str, Any], then: str = "repeat", **fields: Any) -> Rule:
    """A rule with these replies."""
    written = {"replies": list(replies), "then": then, **fields}
    return load_objects({"name": "story", "rules": [written]}, catalog=CATALOG).rules[0]


def context(told: Rule, request: InferenceRequest = REQUEST) -> ReplyContext:
    """What the rule's replies are rendered with."""
    scenario = load_objects({"name": "story", "rules": []}, catalog=CATALOG)
    subject = Subject(request)
    found = match(told.when, subject)
    assert found is not None
    return ReplyContext(scenario, told, found, subject, Seed.of("test"), EPOCH)


def drafted(reply: dict[str, Any], request: InferenceRequest = REQUEST) -> list[Draft]:
    """What the choices of a reply say."""
    told = rule(reply)
    return drafts(told.replies[0], context(told, request))


# ---------------------------------------------------------------------------------------------- whose turn it is


def played(told: Rule, times: int, chance: Callable[[], float] = lambda: 0.0) -> Iterator[str | None]:
    """The names of the replies to successive requests."""
    position = START
    for _ in range(times):
        reply, position = choose_reply(told, position, chance)
        yield reply.name if reply else None


@pytest.mark.parametrize(
    ("then", "after"),
    [("repeat", "bbb"), ("loop", "aab"), ("unscripted", [None] * 3), ("fail", [None] * 3)],
)
def test_replies_come_as_often_as_they_say_and_then_what_then_says(then: str, after: list[str | None]) -> None:
    """The first twice, the second once; then the last again, or all again, or none."""
    told = rule({"name": "a", "text": "x", "times": 2}, {"name": "b", "text": "y"}, then=then)
    assert list(played(told, 6)) == ["a", "a", "b", *after]


def test_a_reply_with_a_probability_is_played_by_chance_and_never_used_up() -> None:
    """Below its probability it is played; otherwise the request goes on to the next."""
    told = rule({"name": "a", "error": "overloaded", "probability": 0.3}, {"name": "b", "text": "y"})
    chances = iter([0.1, 0.3, 0.29, 0.9, 0.0])
    assert list(played(told, 5, lambda: next(chances))) == ["a", "b", "a", "b", "a"]


def test_a_reply_with_a_probability_and_times_is_used_up() -> None:
    """After so many times its turn is over, whatever the chance."""
    told = rule({"name": "a", "error": "overloaded", "probability": 0.5, "times": 2}, {"name": "b", "text": "y"})
    assert list(played(told, 4)) == ["a", "a", "b", "b"]


def test_repeat_repeats_the_last_reply_that_is_certain() -> None:
    """A reply that chance passed over is not played after all because it is the last."""
    told = rule({"name": "a", "text": "x"}, {"name": "b", "text": "y", "probability": 0.5})
    chances = iter([0.9, 0.1, 0.9])
    assert list(played(told, 4, lambda: next(chances))) == ["a", "a", "b", "a"]


@pytest.mark.parametrize("then", ["repeat", "loop", "unscripted", "fail"])
def test_a_rule_that_has_only_chances_passes_when_they_fail(then: str) -> None:
    """Then a later rule answers, or the request is unscripted. Chance is asked once for a request."""
    told = rule({"name": "a", "text": "x", "probability": 0.5}, then=then)
    assert list(played(told, 4, iter([0.9, 0.1, 0.7, 0.6]).__next__)) == [None, "a", None, None]


def test_a_loop_begins_again_when_nothing_is_left_but_chances() -> None:
    """What has no end does not keep the loop from its beginning."""
    told = rule({"name": "a", "text": "x"}, {"name": "b", "text": "y", "probability": 0.5}, then="loop")
    assert list(played(told, 4, repeat(0.9).__next__)) == ["a", "a", "a", "a"]


def test_a_certain_reply_answers_always() -> None:
    """Unless the rule says that what comes after is unscripted."""
    assert rule({"text": "x"}).always_answers
    assert rule({"text": "x", "probability": 0.5}, then="fail").always_answers
    assert not rule({"text": "x"}, then="unscripted").always_answers


@given(
    st.lists(st.tuples(st.integers(1, 3), st.none() | st.sampled_from([0.0, 0.5, 1.0])), min_size=1, max_size=4),
    st.sampled_from(["repeat", "loop", "unscripted", "fail"]),
    st.lists(st.floats(0, 1, exclude_max=True), min_size=80, max_size=80),
)
def test_turns_depend_only_on_position_and_chance(
    replies: list[tuple[int, float | None]], then: str, chances: list[float]
) -> None:
    """The same chances give the same turns; a loop aside, no reply is played more often than it says."""
    written = [
        {"name": str(at), "text": "x", "times": times, **({} if chance is None else {"probability": chance})}
        for at, (times, chance) in enumerate(replies)
    ]
    told = rule(*written, then=then)
    first = list(played(told, 10, iter(chances).__next__))
    assert first == list(played(told, 10, iter(chances).__next__))
    if then in ("unscripted", "fail"):
        assert all(first.count(str(at)) <= times for at, (times, _) in enumerate(replies))


# ---------------------------------------------------------------------------------------------- drafts


def test_a_reply_says_reasoning_text_and_tool_calls() -> None:
    """A mapping of arguments is sent as JSON, a raw string as it is, and the finish reason fits."""
    calls = [
        {"name": "f", "arguments": {"city": "Zürich", "n": 1}},
        {"name": "g", "arguments": '{"broken":', "id": "c"},
        {"name": "h"},
    ]
    (draft,) = drafted({"reasoning": "Hm.", "text": "Let me look.", "tool_calls": calls})
    assert (draft.reasoning.text, draft.text.text, draft.finish) == ("Hm.", "Let me look.", "tool_calls")
    assert [(call.name, call.arguments.text, call.id) for call in draft.tool_calls] == [
        ("f", '{"city": "Zürich", "n": 1}', None),
        ("g", '{"broken":', "c"),
        ("h", "{}", None),
    ]
    assert len(draft.text) == len(draft.text.pieces) > 1


@pytest.mark.parametrize("value", [{"a": [1, 2.5, None, True, "é"]}, [], "text", 3, None, False])
def test_json_is_the_text(value: Any) -> None:
    """Any value is sent as its JSON."""
    (draft,) = drafted({"json": value})
    assert json.loads(draft.text.text) == value


def test_a_text_is_what_was_typed() -> None:
    """Numbers and flags need no quotes, and the empty text says nothing."""
    assert [draft.text.text for value in (1, True, "", "é🐱") for draft in drafted({"text": value})] == [
        "1",
        "true",
        "",
        "é🐱",
    ]


def test_a_finish_reason_is_taken_as_it_is_given() -> None:
    """For the reply, and for each choice."""
    choices = [{"text": "a", "finish": "content_filter"}, {"text": "b"}]
    assert drafted({"text": "a", "finish": "length"})[0].finish == "length"
    assert [draft.finish for draft in drafted({"choices": choices}, sampled(n=2))] == ["content_filter", "stop"]
    assert {draft.finish for draft in drafted({"choices": choices, "finish": "length"})} == {"length"}


def sampled(**fields: Any) -> InferenceRequest:
    """A request with sampling parameters."""
    return InferenceRequest("chat", REQUEST.model, messages=REQUEST.messages, sampling=Sampling(**fields))


def test_n_repeats_the_choices_in_turn() -> None:
    """Fewer choices than asked for are repeated; more are not sent. Every prompt has its own."""
    reply = {"choices": [{"text": "a"}, {"text": "b"}]}
    prompts = InferenceRequest("completions", REQUEST.model, prompts=("x", "y"), sampling=Sampling(n=2))
    assert [[draft.text.text for draft in drafted(reply, sampled(n=n))] for n in (1, 2, 3)] == [
        ["a"],
        ["a", "b"],
        ["a", "b", "a"],
    ]
    assert len(drafted(reply, prompts)) == 4


def test_without_obedience_all_choices_are_sent() -> None:
    """`obey: false` sends what is written, however many were asked for."""
    reply = {"choices": [{"text": "a"}, {"text": "b"}], "obey": False}
    assert len(drafted(reply, sampled(n=1))) == len(drafted(reply, sampled(n=5))) == 2


def test_other_replies_have_no_drafts() -> None:
    """Errors, raw answers, frames and the generator are the engine's to play."""
    replies: list[dict[str, Any]] = [
        {"error": "internal"},
        {"raw": {}},
        {"frames": "data: x"},
        {"generate": {"tokens": 3}},
        {},
    ]
    for reply in replies:
        assert drafted(reply) == []
        assert (error(rule(reply).replies[0], context(rule(reply))) is None) == ("error" not in reply)


# ---------------------------------------------------------------------------------------------- errors


def told_error(reply: dict[str, Any], context_length: int = 0) -> ApiError:
    """The error of a reply."""
    told = rule(reply)
    made = error(told.replies[0], context(told), context_length)
    assert made is not None
    return made


@pytest.mark.parametrize("kind", ERRORS)
def test_every_kind_of_error_has_something_to_say(kind: str) -> None:
    """The kind alone is enough."""
    made = told_error({"error": kind, "retry_after": "2s"})
    assert made.kind == kind
    assert len(made.message) > 10
    assert made.retry_after == 2.0


@pytest.mark.parametrize(
    ("status", "kind"), [(404, "not_found"), (429, "rate_limited"), (418, "bad_request"), (502, "internal")]
)
def test_an_error_by_status_is_of_the_kind_that_is_nearest(status: int, kind: str) -> None:
    """So that each dialect has a type for it."""
    made = told_error({"error": {"status": status, "message": "No."}})
    assert (made.kind, made.http_status, made.message) == (kind, status, "No.")


def test_the_fields_of_an_error_are_taken_as_they_are_given() -> None:
    """And the shape is AkashML's flat one, OpenAI's, or what the server is set to."""
    fields = {"kind": "forbidden", "type": "t", "code": "c", "message": "m", "param": "p", "shape": "flat"}
    assert told_error({"error": fields}) == ApiError("forbidden", "m", "p", "c", type="t", flat=True)
    assert told_error({"error": {"shape": "openai"}}).flat is False
    assert told_error({"error": "internal"}).flat is None


def test_an_unknown_model_is_named() -> None:
    """As the real message names it."""
    assert told_error({"error": "model_not_found"}).message == "The model 'zai-org/GLM-5.3' does not exist."


def test_an_exceeded_context_has_the_numbers_that_clients_match_on() -> None:
    """They say more than the limit, and the surfaces find them in `overflow`; a message of its own says them itself."""
    made = told_error({"error": "context_length_exceeded"}, context_length=1000)
    assert made.overflow is not None
    prompt, wanted, limit = made.overflow
    assert prompt + wanted > limit == 1000
    assert made.message.startswith("This model's maximum context length is 1000 tokens. However, you requested")
    assert told_error({"error": {"kind": "context_length_exceeded", "message": "No."}}, 1000).overflow is None


# ---------------------------------------------------------------------------------------------- headers


def test_headers_are_rendered_and_retry_after_is_one_unless_the_error_has_it() -> None:
    """Names are in lower case; of a raw answer its own headers come after."""
    fields = {"headers": {"X-Model": "{{ request.model }}"}, "retry_after": "1m30s"}
    for reply, expected in [
        ({"text": "a", **fields}, [("retry-after", "90"), ("x-model", "zai-org/GLM-5.3")]),
        ({"error": "rate_limited", **fields}, [("x-model", "zai-org/GLM-5.3")]),
        ({"raw": {"headers": {"Via": "1"}}, "retry_after": "250ms"}, [("retry-after", "0.250"), ("via", "1")]),
        ({"raw": {"status": 429}, "retry_after": "1000000s"}, [("retry-after", "1000000")]),
    ]:
        told = rule(reply)
        assert headers(told.replies[0], context(told)) == tuple(expected)


def test_a_header_that_http_cannot_send_fails_the_request() -> None:
    """A line break from a request cannot become a header of its own."""
    told = rule({"text": "a", "headers": {"x-said": "{{ request.last_user }}"}})
    request = InferenceRequest("chat", REQUEST.model, messages=(Message("user", "a\r\nx-evil: 1"),))
    with pytest.raises(Rejected, match="the header x-said would be more than one line"):
        headers(told.replies[0], context(told, request))
