"""What the language model promises: it speaks of what it is asked, the same each time, and samples as it says."""

import json
import math
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from support.documented_parameters import SAMPLED
from support.generated import Said, said_by

from emulator.core.seeds import Seed
from emulator.core.token_counts import count
from emulator.core.tokens import END, VOCABULARY_SIZE, Tokens, encode, split
from emulator.core.vocabulary import (
    InferenceRequest,
    Media,
    Message,
    ReasoningControl,
    ResponseFormat,
    Sampling,
    TokenLogprob,
    Tool,
    ToolChoice,
    ToolUse,
    TopLogprob,
)
from emulator.generator import GeneratedChoice, describe
from emulator.generator.grammar import Branch, NonTerminal, Run, Slot, branch, programs, rules
from emulator.generator.hints import hints, named
from emulator.generator.intents import intent
from emulator.generator.topics import topics

HARBOUR = "Tell me about the harbour of Lisbon, please."
QUESTIONS = [
    HARBOUR,
    "How do I reverse a list in Python?",
    "Why is the sea salty?",
    "Is tea healthier than coffee?",
    "Give me 5 tips for learning the violin",
    "Write a short story about a fox and a clock",
    "Explain the history of printing in detail",
    "Write a JavaScript function that sorts names",
    "Who built the first bicycle?",
    "Summarize the rules of chess in one sentence",
    "请介绍一下北京的历史",
    "Write a haiku about rain",
]


def ask(text: str, **more: Any) -> InferenceRequest:
    return InferenceRequest(endpoint="chat", model="acme/Small-1", messages=(Message("user", text),), **more)


def say(
    request: InferenceRequest,
    seed: int = 1,
    *,
    limit: int = 400,
    choice: int = 0,
    reasons: bool = False,
    **sampling: Any,
) -> Said:
    if sampling:
        request = replace(request, sampling=Sampling(**sampling))
    return said_by(GeneratedChoice(request, reasons=reasons, seed=Seed.of(seed), choice=choice, limit=limit))


def said(text: str, seed: int = 1, **more: Any) -> str:
    return say(ask(text), seed, **more).text.text


# ---------------------------------------------------------------------------------------------- what it says


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_speaks_of_what_was_asked(question: str) -> None:
    """Every answer has a phrase of the question in it, reads as sentences, and is of an ordinary length."""
    for seed in range(20):
        draft = say(ask(question), seed)
        assert any(topic.lower() in draft.text.text.lower() for topic in topics(question))
        assert draft.finish == "stop"
        assert 8 <= len(draft) <= 260
        assert draft.text.text[0].isupper() or draft.text.text[0] in "`*"
        assert "  " not in draft.text.text.split("```")[0]
        assert not re.search(r"[{}<>\[\]|]", draft.text.text.split("```")[0])


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Say hello", "Hello"),
        ("Say this is a test", "This is a test"),
        ("Reply with exactly: pong", "pong"),
        ('Please answer with only the word "blue".', "blue"),
        ("What is 2 + 2?", "2 + 2 = 4."),
        ("What is 7 divided by 2", "7 / 2 = 3.5."),
        ("999999999 x 999999999", "999999999 * 999999999 = 999999998000000001."),
        ("In one word, what is the capital of France?", "France."),
    ],
)
def test_small_requests_get_just_what_they_ask_for(question: str, answer: str) -> None:
    """What a smoke test asks for is answered to the letter, whatever the seed."""
    assert {said(question, seed) for seed in range(20)} == {answer}


@pytest.mark.parametrize(
    ("question", "rule"),
    [
        ("Hi!", "greeting"),
        ("hello there, friend", "greeting"),
        ("Thank you so much", "thanks"),
        ("Who are you?", "identity"),
        ("Can you tell me a joke?", "joke"),
        ("Please write a poem about the sea", "poem"),
        ("Tell me a story", "story"),
        ("write python code that adds numbers", "python"),
        ("Create a bash script to rename files", "bash"),
        ("List the planets", "list"),
        ("Is water wet? Answer yes or no.", "yes"),
        ("Briefly explain gravity", "brief"),
        ("Write an essay on bees", "long"),
        ("Why do cats purr?", "why"),
        ("Who wrote Faust?", "fact"),
        ("Does it rain in Bergen?", "yes_no"),
        ("Can you explain DNS?", "explain"),
        ("What is 5 / 0?", "explain"),
        ("Say something about owls", "explain"),
        ("Reply with one sentence about owls", "brief"),
        ("The answer in 2024 was 3 + 4", "explain"),
        ("What is the status code for not found?", "explain"),
        ("Hello, can you explain how DNS works", "explain"),
        ("How to - -", "explain"),
        ("implement quicksort", "python"),
        ("", "explain"),
    ],
)
def test_the_kind_of_a_request_decides_the_kind_of_answer(question: str, rule: str) -> None:
    """Plain patterns tell greetings from questions, and lists from stories."""
    assert intent(question).rule == rule


@pytest.mark.parametrize(("wanted", "items"), [("3 tips for", 3), ("seven reasons for", 7), ("a list of ideas for", 4)])
def test_a_list_has_as_many_items_as_were_asked_for(wanted: str, items: int) -> None:
    """Numbered from one, each on its line."""
    text = said(f"Give me {wanted} cycling")
    assert re.findall(r"^(\d+)\. \*\*", text, re.MULTILINE) == [str(number) for number in range(1, items + 1)]


@pytest.mark.parametrize(
    ("language", "begins"), [("Python", "def "), ("JavaScript", ""), ("SQL", "SELECT "), ("bash", "set ")]
)
def test_code_comes_in_a_block_of_its_language(language: str, begins: str) -> None:
    """A request for code is answered with a fenced block, and a Python one compiles."""
    text = said(f"Write {language} code that counts words")
    name, code = re.search(r"```(\w+)\n(.*?)\n```", text, re.DOTALL).groups()  # type: ignore[union-attr]
    assert name == language.lower()
    assert code.startswith(begins)
    if name == "python":
        compile(code, "answer", "exec")


def test_topics_are_the_phrases_with_content() -> None:
    """Determiners and prepositions stay with their nouns; "my" is said back as "your"."""
    assert topics("What does my dog think about the moon over Berlin?") == ("Berlin", "your dog", "the moon")
    assert topics("please just do it") == ()


def test_a_message_without_a_topic_goes_on_with_the_last_one() -> None:
    """A mere "why" is about what was spoken of before."""
    messages = (Message("user", "Tell me about otters"), Message("assistant", "They swim."), Message("user", "Why?"))
    assert "otters" in say(replace(ask(""), messages=messages)).text.text


def test_a_completion_continues_its_prompt() -> None:
    """A prompt that stops inside a sentence is continued inside it, and a finished one with a new sentence."""
    request = InferenceRequest(endpoint="completions", model="m", prompts=("The best thing about Porto is",))
    assert re.match(r" [a-z].*Porto|( [a-z])", say(request).text.text)
    assert re.match(r" [A-Z]", say(replace(request, prompts=("It rains in Porto.",))).text.text)
    assert re.match(r"[A-Z]", say(replace(request, prompts=("It rains in Porto.\n",))).text.text)
    assert say(replace(request, prompts=("Once upon a time",))).text.text.startswith(", there ")
    assert say(replace(request, prompts=("Say this is a test",))).text.text == "This is a test"
    assert say(replace(request, prompts=("",))).text.text


words = st.text(max_size=60) | st.text("aeB1 ,.'\"?!-_()\n", max_size=80)
openings = st.sampled_from(
    ["", "", "How to ", "Say ", "Reply only with: ", "3 ideas for ", "Write SQL code for ", "In one word: "]
)


@given(st.builds(str.__add__, openings, words), st.integers(0, 5))
@settings(max_examples=200)
def test_any_message_is_answered_and_counted_as_its_text_is(message: str, seed: int) -> None:
    """Whatever is asked: an answer, whose tokens are those that counting its text finds."""
    draft = say(ask(message), seed, reasons=True, limit=5_000)
    for spoken in (draft.reasoning, draft.text):
        assert spoken.pieces
        assert "".join(spoken.pieces) == spoken.text
        assert spoken.pieces == split(spoken.text).pieces


def test_an_image_without_a_question_is_looked_at() -> None:
    """An image of its own is answered as one."""
    message = Message("user", "", media=(Media("image", "https://example.org/a.png"),))
    assert "image" in say(replace(ask(""), messages=(message,))).text.text


def test_alternatives_that_part_behind_a_slot_are_refused() -> None:
    """The grammar's author learns of it, since no token would tell the alternatives apart."""
    with pytest.raises(ValueError, match="must not begin with the slot"):
        branch([(1.0, [Slot("topic", True)]), (1.0, [Slot("other", True)])])


def test_every_rule_of_the_grammar_can_be_said() -> None:
    """Each rule compiles with and without a space before it, ends only where it could go on, and names what exists."""
    slots = {"topic", "other", "action", "said", "sum", "word", "model", "tool", "result", "name", "camel"}
    symbols = [symbol for rule in rules() for spaced in (False, True) for symbol in programs[NonTerminal(rule, spaced)]]
    seen = Counter[str]()
    while symbols:
        match symbols.pop():
            case Branch(ids=ids, weights=weights, targets=targets):
                assert ids != (END,)
                assert len(set(ids)) == len(ids)
                assert sum(weights) == pytest.approx(1)
                symbols += [symbol for target in targets for symbol in target]
            case Run(ids=ids):
                assert END not in ids
            case Slot(name=name):
                assert name.lower() in slots
                seen[name.lower()] += 1
            case NonTerminal(name=name):
                assert name in rules()
    assert set(seen) == slots


# ---------------------------------------------------------------------------------------------- determinism

samplings = st.builds(
    Sampling,
    logit_bias=st.dictionaries(st.integers(0, END), st.floats(-100, 100), max_size=3),
    stop_token_ids=st.lists(st.sampled_from(encode(" the a.,")), max_size=2).map(tuple),
    min_tokens=st.integers(0, 40),
    logprobs=st.none() | st.integers(0, 20),
    **{name: each.values for name, each in SAMPLED.items()},
)
questions = st.sampled_from(QUESTIONS)


@given(questions, samplings, st.integers(0, 60), st.integers(0, 60), st.booleans())
def test_a_limit_only_cuts(question: str, sampling: Sampling, one: int, more: int, reasons: bool) -> None:
    """What is said under a smaller limit begins what is said under a larger one, and no limit is exceeded."""
    request = ask(question, sampling=sampling)
    short, long = (say(request, limit=limit, reasons=reasons) for limit in (one, one + more))
    for draft, limit in ((short, one), (long, one + more)):
        assert len(draft) <= limit
        assert draft.finish == "stop" or len(draft) == limit
    assert long.reasoning.pieces[: len(short.reasoning)] == short.reasoning.pieces
    assert long.text.pieces[: len(short.text)] == short.text.pieces
    assert short.logprobs is None or short.logprobs == long.logprobs[: len(short.text)]  # type: ignore[index]


@given(questions, samplings)
def test_log_probabilities_change_nothing_and_have_their_shape(question: str, sampling: Sampling) -> None:
    """With or without them the text is the same; each is finite and at most 0, sorted, the chosen one among them."""
    request = ask(question)
    plain = say(replace(request, sampling=replace(sampling, logprobs=None)), limit=60)
    draft = say(replace(request, sampling=replace(sampling, logprobs=20)), limit=60)
    assert draft.text == plain.text
    assert draft.finish == plain.finish
    assert_shaped(draft.text, draft.logprobs or (), 20)


def assert_shaped(text: Tokens, logprobs: Sequence[TokenLogprob], top: int) -> None:
    assert [entry.token for entry in logprobs] == list(text.pieces)
    for entry in logprobs:
        assert entry.logprob is not None
        assert -math.inf < entry.logprob <= 0
        assert len(entry.top) == top
        assert [other.logprob for other in entry.top] == sorted((other.logprob for other in entry.top), reverse=True)
        assert sum(math.exp(other.logprob) for other in entry.top) <= 1 + 1e-9
        assert all(-math.inf < other.logprob <= 0 for other in entry.top)
        chosen = TopLogprob(entry.token, entry.logprob, entry.bytes)
        assert chosen in entry.top or not top


@given(questions, st.integers())
def test_the_same_seed_says_the_same(question: str, seed: int) -> None:
    """An answer depends on the request, the seed and the choice, and on nothing else."""
    assert say(ask(question), seed, reasons=True) == say(ask(question), seed, reasons=True)


def test_another_seed_and_another_choice_say_something_else() -> None:
    """Chance is in the seed: answers differ by seed, and the choices of one answer from each other."""
    assert len({said(HARBOUR, seed) for seed in range(50)}) == 50
    assert len({said(HARBOUR, choice=choice) for choice in range(50)}) == 50


def test_answers_are_the_same_in_every_process() -> None:
    """Nothing depends on Python's hash seed: text, reasoning, log probabilities, arguments."""
    code = (
        "from emulator.generator import GeneratedChoice; from emulator.core.seeds import Seed;"
        "from emulator.core.vocabulary import *;"
        "tool = Tool('find_route', 'Routes', {'properties': {'to': {'type': 'string'}, 'stops': {'type': 'integer'}}});"
        "user = (Message('user', 'Find a route to Rome'),);"
        "ask = lambda **more: InferenceRequest('chat', 'm', messages=user, **more);"
        "make = lambda request: GeneratedChoice(request, reasons=True, seed=Seed.of(1), choice=0, limit=99);"
        "print([[*make(request).events(0, whole=False, hide_reasoning=False)] for request in"
        " (ask(), ask(sampling=Sampling(logprobs=3, temperature=1.5)), ask(tools=(tool,)))])"
    )
    run = partial(subprocess.run, [sys.executable, "-c", code], capture_output=True, check=True)
    outputs = {run(env={"PYTHONHASHSEED": seed}).stdout for seed in ("0", "1", "4242")}
    assert len(outputs) == 1


# ---------------------------------------------------------------------------------------------- sampling


def first_tokens(size: int, **sampling: Any) -> tuple[Counter[str], Mapping[str, float]]:
    """How often each first token came, and the log probabilities of first tokens that were told."""
    drafts = [say(ask(HARBOUR), seed, limit=1, logprobs=20, **sampling) for seed in range(size)]
    told = {top.token: top.logprob for draft in drafts for entry in draft.logprobs or () for top in entry.top}
    return Counter(draft.text.text for draft in drafts), told


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_tokens_come_as_often_as_their_probability_says(temperature: float) -> None:
    """The log probabilities are those of the distribution that is drawn from."""
    size = 2_000
    seen, told = first_tokens(size, temperature=temperature)
    for token, times in seen.items():
        expected = size * math.exp(told[token])
        assert abs(times - expected) <= 5 * math.sqrt(expected) + 1


def entropy(**sampling: Any) -> float:
    """The mean entropy, in nats, of the distributions over an answer that their 20 likeliest tokens show."""
    logprobs = [
        entry for seed in range(10) for entry in say(ask(HARBOUR), seed, logprobs=20, **sampling).logprobs or ()
    ]
    return -sum(math.exp(top.logprob) * top.logprob for entry in logprobs for top in entry.top) / len(logprobs)


def test_temperature_raises_entropy() -> None:
    """The hotter, the more even: in what is told and in what is said."""
    assert entropy(temperature=0.2) < entropy(temperature=0.7) < entropy(temperature=1) < entropy(temperature=2)
    variety = [len(first_tokens(300, temperature=heat)[0]) for heat in (0.0, 0.2, 1.0)]
    assert variety == sorted(set(variety))
    assert variety[0] == 1


@pytest.mark.parametrize("narrow", [{"top_p": 0.5}, {"top_k": 3}, {"min_p": 0.2}])
def test_narrowing_keeps_only_the_likeliest(narrow: dict[str, Any]) -> None:
    """Only tokens of the nucleus, of the best k, or near the best are drawn; what is told is not narrowed."""
    seen, told = first_tokens(500, **narrow)
    wide, _ = first_tokens(500)
    order = sorted(told, key=lambda token: -told[token])
    mass = [sum(math.exp(told[token]) for token in order[:rank]) for rank in range(len(order))]
    kept = {
        "top_p": [token for token, before in zip(order, mass, strict=True) if before < 0.5],
        "top_k": order[:3],
        "min_p": [token for token in order if told[token] >= told[order[0]] + math.log(0.2)],
    }[next(iter(narrow))]
    assert set(seen) == set(kept)
    assert len(wide) > len(seen) > 1


@given(questions, st.integers(0, 50))
def test_the_greedy_token_is_the_likeliest(question: str, seed: int) -> None:
    """Temperature 0 and top_k 1 take the token with the highest log probability, whatever the seed."""
    greedy = say(ask(question), seed, temperature=0, logprobs=3, limit=50)
    assert greedy.text == say(ask(question), 0, temperature=0, limit=50).text
    assert (
        greedy.text
        == say(ask(question), seed, top_k=1, limit=50).text
        == say(ask(question), seed, top_p=1e-9, limit=50).text
    )
    assert all(entry.logprob == entry.top[0].logprob for entry in greedy.logprobs or ())


@pytest.mark.parametrize("token", [" the", " of", ".", " is"])
def test_a_bias_of_minus_100_bans_a_token(token: str) -> None:
    """A banned token never comes, and the answer goes on without it."""
    (id,) = encode(token)
    assert any(token in say(ask(HARBOUR), seed).text.pieces for seed in range(20))
    for seed in range(20):
        draft = say(ask(HARBOUR), seed, logit_bias={id: -100})
        assert token not in draft.text.pieces
        assert len(draft) > 20


@pytest.mark.parametrize("id", [*encode(" banana"), *encode("猫"), 0xC3, VOCABULARY_SIZE - 2, 299_999])
def test_a_bias_of_plus_100_forces_a_token(id: int) -> None:
    """Any id of the vocabulary can be forced: it then comes every time, up to the limit."""
    draft = say(ask(HARBOUR), logit_bias={id: 100.0}, limit=7, logprobs=1)
    assert len(draft.text) == 7
    assert draft.finish == "length"
    assert len({entry.bytes for entry in draft.logprobs or ()}) == 1


def test_a_bias_on_the_end_ends_or_prolongs_the_answer() -> None:
    """The end is a token as others are."""
    assert say(ask(HARBOUR), logit_bias={END: 100.0}).text.text == ""
    assert say(ask(HARBOUR), logit_bias={END: -100.0}, limit=500).finish == "length"


def test_a_small_bias_shifts_chances() -> None:
    """A bias of one makes a token about e times as likely against the others."""
    plain, told = first_tokens(2_000)
    best = max(plain, key=lambda token: plain[token])
    _, shifted = first_tokens(1, logit_bias={encode(best)[0]: -1.0})
    odds = [math.exp(logprob) / (1 - math.exp(logprob)) for logprob in (told[best], shifted[best])]
    assert odds[0] / odds[1] == pytest.approx(math.e)


def repetition(**sampling: Any) -> float:
    """The share of tokens of long answers that have been said before in them."""
    drafts = [say(ask(HARBOUR), seed, ignore_eos=True, limit=200, **sampling) for seed in range(10)]
    return 1 - sum(len(set(draft.text.pieces)) for draft in drafts) / sum(len(draft) for draft in drafts)


@pytest.mark.parametrize("penalty", ["frequency_penalty", "presence_penalty"])
def test_penalties_make_repetition_rarer(penalty: str) -> None:
    """The stronger the penalty, the fewer words are said again; a negative one makes them more."""
    shares = [repetition(**{penalty: strength}) for strength in (-2.0, 0.0, 2.0)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > shares[2]


def test_a_repetition_penalty_counts_the_prompt_too() -> None:
    """Words of the prompt are avoided as those of the answer are."""
    assert repetition(repetition_penalty=1.5) < repetition() < repetition(repetition_penalty=0.7)
    begins = first_tokens(1)[1]
    avoids = first_tokens(1, repetition_penalty=1.5)[1]
    word = max(begins, key=lambda token: begins[token])
    request = ask(f"{word}\n{HARBOUR}")
    prompted = say(request, limit=1, repetition_penalty=1.5, logprobs=20).logprobs or ()
    assert {top.token: top.logprob for top in prompted[0].top}[word] < avoids[word]


# ---------------------------------------------------------------------------------------------- ends


def test_a_stop_token_ends_the_answer_and_is_not_said() -> None:
    """The text is the one that would have been said, up to the token."""
    (period,) = encode(".")
    whole, stopped = say(ask(HARBOUR)), say(ask(HARBOUR), stop_token_ids=(period,))
    assert stopped.text.pieces == whole.text.pieces[: whole.text.pieces.index(".")]
    assert stopped.finish == "stop"


def test_min_tokens_keeps_the_answer_going() -> None:
    """Neither the end nor a stop token comes before so many tokens, reasoning included."""
    (period,) = encode(".")
    assert len(say(ask("Hi!"), min_tokens=100)) >= 100
    assert len(say(ask(HARBOUR), min_tokens=60, stop_token_ids=(period,)).text) >= 60
    draft = say(ask("Hi!"), min_tokens=100, reasons=True)
    assert draft.reasoning
    assert 100 <= len(draft) < 100 + len(draft.reasoning)


def test_ignore_eos_goes_on_to_the_limit() -> None:
    """In readable sentences, even after an answer of one word."""
    draft = say(ask("Say hello"), ignore_eos=True, limit=500)
    assert (len(draft), draft.finish) == (500, "length")
    assert draft.text.pieces == split(draft.text.text).pieces


def test_an_answer_that_just_fits_has_stopped_by_itself() -> None:
    """A limit of exactly the answer's length is no cut."""
    whole = say(ask(HARBOUR))
    assert say(ask(HARBOUR), limit=len(whole)) == whole
    assert say(ask(HARBOUR), limit=len(whole) - 1).finish == "length"


# ---------------------------------------------------------------------------------------------- reasoning


def reasoned(limit: int = 1_000, **control: Any) -> Said:
    return say(ask(HARBOUR, reasoning=ReasoningControl(**control)), reasons=True, limit=limit)


def test_a_reasoning_model_reasons_first() -> None:
    """About the question, and the answer is the same as without."""
    draft = reasoned()
    assert "the harbour of Lisbon" in draft.reasoning.text
    assert 20 <= len(draft.reasoning) <= 130
    assert draft.text == say(ask(HARBOUR)).text


@pytest.mark.parametrize("control", [{"enabled": False}, {"effort": "none"}, {"max_tokens": 0}])
def test_reasoning_can_be_turned_off(control: dict[str, Any]) -> None:
    """By `enabled`, by effort none, and by a budget of nothing."""
    draft = reasoned(**control)
    assert not draft.reasoning
    assert draft.text


def test_more_effort_reasons_longer() -> None:
    """From minimal to xhigh."""
    lengths = [len(reasoned(effort=effort).reasoning) for effort in ("minimal", "low", "medium", "high", "xhigh")]
    assert lengths == sorted(set(lengths))


def test_a_small_limit_is_eaten_by_reasoning() -> None:
    """The trap: all tokens go into reasoning, and the text is empty."""
    draft = reasoned(limit=16)
    assert (len(draft.reasoning), draft.text.text, draft.finish) == (16, "", "length")


@pytest.mark.parametrize(
    ("control", "ceiling"),
    [
        ({"effort": "low"}, 8),
        ({"effort": "minimal"}, 4),
        ({"enabled": True}, 20),
        ({"effort": "high", "max_tokens": 5}, 5),
    ],
)
def test_a_budget_ends_reasoning_and_the_answer_follows(control: dict[str, Any], ceiling: int) -> None:
    """Effort is a share of the limit, `max_tokens` beats it, and `enabled` alone means medium."""
    draft = reasoned(limit=40, **control)
    assert len(draft.reasoning) == ceiling
    assert len(draft.text) == 40 - ceiling


# ---------------------------------------------------------------------------------------------- tools

WEATHER = Tool(
    "get_weather",
    "Current weather of a city",
    {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "unit": {"enum": ["celsius", "fahrenheit"]},
            "days": {"type": "integer"},
        },
        "required": ["city", "unit", "days"],
    },
)
EMAIL = Tool(
    "send_email",
    "Sends an email",
    {
        "type": "object",
        "properties": {"to": {"type": "string", "format": "email"}, "subject": {"type": "string"}},
        "required": ["to", "subject"],
    },
)
SUM = Tool(
    "calculator", "", {"type": "object", "properties": {"expression": {"type": "string"}}, "required": ["expression"]}
)
PING = Tool("ping")
TOOLS = (WEATHER, EMAIL, SUM, PING)


def called(text: str, **more: Any) -> list[tuple[str, dict[str, object]]]:
    draft = say(ask(text, tools=TOOLS, **more))
    assert draft.finish == ("tool_calls" if draft.tool_calls else "stop")
    assert bool(draft.tool_calls) != bool(draft.text.text)
    return [(call.name, json.loads(call.arguments.text)) for call in draft.tool_calls]


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        (
            "What's the weather in San Francisco for 3 days, in fahrenheit?",
            [("get_weather", {"city": "San Francisco", "unit": "fahrenheit", "days": 3})],
        ),
        (
            'Send an email to ana@example.org about "Lunch"',
            [("send_email", {"to": "ana@example.org", "subject": "Lunch"})],
        ),
        ("Calculate 12 * (3 + 4)", [("calculator", {"expression": "12 * (3 + 4)"})]),
        ("Please ping", [("ping", {})]),
        ("Tell me about otters", []),
        ("Hello!", []),
    ],
)
def test_a_tool_is_called_when_the_message_speaks_of_it(text: str, calls: list[tuple[str, dict[str, object]]]) -> None:
    """With the message's own words as arguments, where it has some."""
    assert called(text) == calls


def test_several_tools_are_called_when_several_are_spoken_of() -> None:
    """Unless calls are to come one by one."""
    text = "Check the weather in Oslo and send an email to bo@example.org"
    assert [name for name, _ in called(text)] == ["get_weather", "send_email"]
    assert len(called(text, parallel_tool_calls=False)) == 1


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        (ToolChoice("none"), []),
        (ToolChoice("required"), ["get_weather"]),
        (ToolChoice("named", "send_email"), ["send_email"]),
    ],
)
def test_tool_choice_decides(choice: ToolChoice, names: list[str]) -> None:
    """`none` forbids, `required` and a name force, whatever the message says."""
    assert [name for name, _ in called("What a lovely day for a walk", tool_choice=choice)] == names
    assert [name for name, _ in called("How is the weather in Rome", tool_choice=choice)] == names


@given(st.integers())
def test_arguments_are_valid(seed: int) -> None:
    """For any seed they satisfy the tool's parameters."""
    for tool in (WEATHER, EMAIL):
        draft = say(ask("Go", tools=TOOLS, tool_choice=ToolChoice("named", tool.name)), seed)
        jsonschema.validate(json.loads(draft.tool_calls[0].arguments.text), dict(tool.parameters))


def test_a_tool_result_is_answered_in_text_that_uses_it() -> None:
    """So that an agent's loop ends by itself."""
    messages = (
        Message("user", "What's the weather in Oslo and in Rome?"),
        Message("assistant", tool_calls=(ToolUse("1", "get_weather", "{}"), ToolUse("2", "get_weather", "{}"))),
        Message("tool", '{"city": "Oslo", "temperature": 3.5, "wind": null, "rain": [true, false]}', tool_call_id="1"),
        Message("tool", "Rome: sunny, 24 °C.", tool_call_id="2"),
    )
    text = say(replace(ask("", tools=TOOLS), messages=messages)).text.text
    assert "city Oslo, temperature 3.5, wind none, rain yes, no; Rome: sunny, 24 °C" in text
    deep = replace(messages[-1], text="[" * 100_000)
    assert say(replace(ask("", tools=TOOLS), messages=(*messages[:-1], deep))).text.text
    forced = say(replace(ask("", tools=TOOLS, tool_choice=ToolChoice("required")), messages=messages))
    assert forced.tool_calls


def test_what_is_spoken_of_gives_way_to_the_schema() -> None:
    """A member of an enum that the rest of the schema forbids is not insisted on."""
    either = {"enum": ["red", "blue"]}
    schema = {
        "type": "object",
        "properties": {"hue": either},
        "required": ["hue"],
        "not": {"properties": {"hue": {"const": "red"}}},
    }
    draft = say(ask("Paint it red", tools=(Tool("paint", "", schema),)))
    assert json.loads(draft.tool_calls[0].arguments.text) == {"hue": "blue"}


def test_a_limit_cuts_arguments() -> None:
    """As a real model's are: the JSON is then not whole."""
    draft = say(ask("weather in Oslo", tools=TOOLS), limit=4)
    assert (len(draft), draft.finish) == (4, "length")


# ---------------------------------------------------------------------------------------------- formats


def test_json_object_is_about_the_request() -> None:
    """An object, about the topic, or with the keys that the message asks for."""
    anything = json.loads(say(ask(HARBOUR, response_format=ResponseFormat("json_object"))).text.text)
    assert "harbour of Lisbon" in anything["answer"]
    keyed = say(
        ask(
            "Invent a person. Answer in JSON with keys name, age and city.",
            response_format=ResponseFormat("json_object"),
        )
    )
    assert list(json.loads(keyed.text.text)) == ["name", "age", "city"]


def test_a_completion_can_be_json_too() -> None:
    """The prompt is then what the object is about; a schema that is no object's has no properties to look for."""
    request = InferenceRequest(endpoint="completions", model="m", prompts=("The otters of Oslo",))
    about = say(replace(request, response_format=ResponseFormat("json_object"))).text.text
    assert json.loads(about)["topic"] == "the otters of Oslo"
    numbers = {"type": "array", "items": {"type": "integer"}, "minItems": 2}
    text = say(replace(request, response_format=ResponseFormat("json_schema", numbers))).text.text
    jsonschema.validate(json.loads(text), numbers)


@given(st.integers())
def test_json_schema_is_obeyed(seed: int) -> None:
    """For any seed the text is JSON that is valid against the schema; log probabilities come with it."""
    schema = {
        "type": "object",
        "properties": {"title": {"type": "string", "maxLength": 20}, "pages": {"type": "integer", "minimum": 1}},
        "required": ["title", "pages"],
        "additionalProperties": False,
    }
    draft = say(ask("A book", response_format=ResponseFormat("json_schema", schema)), seed, logprobs=2)
    jsonschema.validate(json.loads(draft.text.text), schema)
    assert_shaped(draft.text, draft.logprobs or (), 2)


# ---------------------------------------------------------------------------------------------- hints, canned text


@pytest.mark.parametrize(
    ("text", "name", "hint"),
    [
        ("book a table at Chez Paul", "restaurantName", "Chez Paul"),
        ("a user named Ana Sousa", "user_name", "Ana Sousa"),
        ("fly from Lisbon to New York", "origin", "Lisbon"),
        ("fly from Lisbon to New York", "destination", "New York"),
        ("open https://example.org/a?b=1.", "url", "https://example.org/a?b=1"),
        ("meet on 2026-03-14 at 15:30", "date", "2026-03-14"),
        ("search for red shoes", "query", "red shoes"),
        ("translate «bom dia»", "text", "bom dia"),
        ("with limit=25", "limit", 25),
        ("weather Porto please", "city", "Porto"),
        ("read src/main.py, please", "file_path", "src/main.py"),
        ("write to ./notes.txt.", "path", "./notes.txt"),
        ("mail ana@example.org", "path", ""),
        ("the price of AAPL?", "symbol", "AAPL"),
        ("run `git status` here", "command", "git status"),
        ("nothing", "city", ""),
    ],
)
def test_hints_are_the_obvious_words(text: str, name: str, hint: str | int) -> None:
    """A parameter's name says what to look for."""
    assert hints(text, {"properties": {name: {}}}).get(name, "") == hint


def test_keys_are_found_in_a_request_for_json() -> None:
    """With or without quotes."""
    assert named('Use the fields "title", `year` and rating.') == ["title", "year", "rating"]
    assert named("Tell me about JSON") == []


@given(st.text(max_size=60), st.integers(0, 20))
def test_canned_text_has_log_probabilities_of_the_same_shape(text: str, top: int) -> None:
    """As many as tokens, with bytes that join to the text, and the same every time."""
    logprobs = tuple(describe(split(text), Seed.of(1), top))
    assert_shaped(split(text), logprobs, top)
    assert b"".join(entry.bytes for entry in logprobs) == text.encode()
    assert logprobs == tuple(describe(split(text), Seed.of(1), top))


def test_canned_text_is_not_always_the_likeliest() -> None:
    """Now and then another token would have been likelier, as in a real sample."""
    logprobs = tuple(describe(split(HARBOUR * 20), Seed.of(1), 5))
    first = sum(entry.top[0].token == entry.token for entry in logprobs)
    assert 0.8 < first / len(logprobs) < 1


def test_canned_text_that_was_cut_inside_a_token_is_described_too() -> None:
    """A stop string can end a text anywhere; then pieces are taken as they are."""
    cut = Tokens("The harb", ("The", " harb"))
    assert count(cut.text) != len(cut)
    assert_shaped(cut, tuple(describe(cut, Seed.of(1), 3)), 3)
