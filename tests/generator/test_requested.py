"""What a prompt asks its answer to be: a word, a number, JSON, fields, or thoughts and actions."""

import json
import re
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.asgi import CHAT, COMPLETIONS, MESSAGES, PLAIN, Exchange, post
from support.generated import said_by

from emulator.core.seeds import Seed
from emulator.core.vocabulary import InferenceRequest, Message, ResponseFormat
from emulator.generator import GeneratedChoice
from emulator.generator.arithmetic import calculation
from emulator.generator.requested import Requested

USER = {
    "$defs": {"Mood": {"enum": ["happy", "sad"], "type": "string"}},
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer", "minimum": 0, "maximum": 130},
        "mood": {"$ref": "#/$defs/Mood"},
    },
    "required": ["name", "age", "mood"],
    "type": "object",
}
REACT = """Answer the question as best you can. You have access to the following tools:

search(query: str) -> str - Searches the web.
multiply(a: int, b: int) -> int - Multiplies two numbers.

Use the following format:

Question: the input question you must answer
Thought: you should always think about what to do
Action: the action to take, should be one of [search, multiply]
Action Input: the input to the action
Observation: the result of the action
Thought: I now know the final answer
Final Answer: the final answer to the original input question

Begin!

Question: search who built the first lighthouse
Thought:"""
FIELDS = """Your output fields are: `reasoning` (str), `score` (float), `label`.
All interactions will be structured in the following way.

[[ ## question ## ]]
{question}

[[ ## reasoning ## ]]
{reasoning}

[[ ## score ## ]]
{score}        # note: the value you produce must be a single float value

[[ ## label ## ]]
{label}        # note: the value you produce must exactly match (no extra characters) one of: a; b

[[ ## completed ## ]]"""
ASKING = """[[ ## question ## ]]
Why is the sea salty?

Respond with the fields, starting with the field `[[ ## reasoning ## ]]`, then `[[ ## score ## ]]` (must be formatted
as a valid Python float), then `[[ ## label ## ]]`, and then ending with the marker for `[[ ## completed ## ]]`."""


def chat(text: str, system: str = "", **more: Any) -> Exchange:
    """One exchange on the chat endpoint."""
    messages = [{"role": "system", "content": system}] * bool(system) + [{"role": "user", "content": text}]
    return post(CHAT, {"model": PLAIN, "messages": messages, **more})


def answer(text: str, system: str = "", **more: Any) -> str:
    """The text of an answer on the chat endpoint."""
    said: str = chat(text, system, **more).json["choices"][0]["message"]["content"]
    return said


def generated(text: str, seed: int = 1, system: str = "", choice: int = 0) -> str:
    """The text of a generated choice."""
    system_message = (Message("system", system),) if system else ()
    request = InferenceRequest(endpoint="chat", model="m", messages=(*system_message, Message("user", text)))
    return said_by(GeneratedChoice(request, reasons=False, seed=Seed.of(seed), choice=choice, limit=4_000)).text.text


# ---------------------------------------------------------------------------------------------- short answers

YES_NO = ("yes", "no")
NUMBER = tuple(map(str, range(1, 101)))


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("Reply with only the number: what is 1+1?", ("2",)),
        ("What is 12 * (3 + 4)? Only the number.", ("84",)),
        ("What is seven times eight? Respond with just the number.", ("56",)),
        ("Return a single integer: the sum of 3 and 4", ("7",)),
        ("How many legs does a spider have? Respond with a number only.", NUMBER),
        ("Pick a number between 1 and 100", NUMBER),
        ("Rate this essay from 1 to 10.", NUMBER[:10]),
        ("On a scale from 1-5, how good is this? Respond with the number only", NUMBER[:5]),
        ("Give me a single digit between 1 and 5", NUMBER[:5]),
        ("Answer with just the word yes or no: is water wet?", YES_NO),
        ("Is water wet? Answer with just the word yes or no", YES_NO),
        ("Is water wet? Respond with 'yes' or 'no'.", YES_NO),
        ("Answer Yes or No.", ("Yes", "No")),
        ("True or False: the earth is flat", ("True", "False")),
        ("Answer true/false: tea is a drink", ("true", "false")),
        ("Reply with only one letter: A or B?", ("A", "B")),
        ("only one letter: A or B?", ("A", "B")),
        ("Which is bigger, A) the sun B) the moon C) Mars? Answer with the letter only.", ("A", "B", "C")),
        ("Reply with only the category name: billing, technical, other", ("billing", "technical", "other")),
        ("Classify as positive, negative or neutral", ("positive", "negative", "neutral")),
        ("Classify this review as positive, negative or neutral: 'I love it'", ("positive", "negative", "neutral")),
        ("Output only the sentiment (positive, negative, neutral): it works", ("positive", "negative", "neutral")),
        ("Choose one of: red, green, blue", ("red", "green", "blue")),
        ("Choose one of the following labels:\n- alpha\n- very beta\n\nText: hello", ("alpha", "very beta")),
        ("Is it spam or ham? Reply with one word.", ("spam", "ham")),
        ("Reply in one word: red or blue?", ("red", "blue")),
        ('Answer with one of "low", "medium" or "high".', ("low", "medium", "high")),
        ("Respond with only 'OK'", ("OK",)),
        ("Reply with OK and nothing else", ("OK",)),
        ("Reply with the single word PONG", ("PONG",)),
        ("say X", ("X",)),
        ("repeat after me: X", ("X",)),
        ("Repeat after me: the quick brown fox", ("the quick brown fox",)),
        ("Return only the word 'done'.", ("done",)),
        ("What is two plus two?", ("2 + 2 = 4.",)),
        ("In one word, what is the capital of France?", ("France.",)),
    ],
)
def test_a_short_answer_that_is_asked_for_is_given(text: str, accepted: tuple[str, ...]) -> None:
    """A number, the right one where it is plain arithmetic; one of the words offered; or the words to say."""
    assert answer(text) in accepted


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("Describe the sea with exactly 5 words", r"\S+( \S+){4}"),
        ("Answer in exactly three words.", r"\S+( \S+){2}"),
        ("List three colors as a comma-separated list", r"\w+, \w+, \w+"),
        ("Output a comma separated list of 4 animals", r"\w+(, \w+){3}"),
        ("Name five widgets as a comma-separated list", r"[^,]+(, [^,]+){4}"),
        ("Explain gravity in one sentence", r"[^.]+\."),
        ("Write 3 sentences about owls", r"([^.]+\. ?){3}"),
    ],
)
def test_an_answer_is_as_long_as_is_asked_for(text: str, pattern: str) -> None:
    """So many words, so many sentences, so many things in a line."""
    assert re.fullmatch(pattern, answer(text))


def test_a_system_message_tells_what_to_answer() -> None:
    """A classifier is often described there; the user's message has only its subject."""
    assert answer("My card was charged twice.", "Reply only with one of: billing, technical, other.") in (
        "billing",
        "technical",
        "other",
    )


@pytest.mark.parametrize(
    "text",
    [
        "How does latency change as the number of users grows?",
        "The interest rate rose from 3 to 5 percent. Why?",
        "How do I store dates in JSON?",
        "Does the API return JSON or XML?",
        "Choose between Rust or Go for a web server and explain why",
        "Should I use Rust or Go? Just curious.",
        "How do I parse a comma-separated file in Python?",
        "The function should return JSON but returns null. Why?",
        "Write a Python function that returns only one integer",
        'What is wrong with this JSON: {"a": 1}?',
        'Explain what a JSON Schema like {"type": "object", "properties": {"a": {"type": "string"}}} means',
        "How do I make a <div> tag blue in CSS?",
        "Fix my code: if (a < b) { return {}; }",
        "What does [[ ## x ## ]] mean?",
        "Describe the Action: and Thought: lines of an agent",
        "Why do people say yes or no?",
        "Give me a number of reasons to visit Rome",
        "Tell me a joke about just one thing",
        "Translate to French: answer only if you can",
        "Should I answer yes or no to him?",
        "My boss said 'Answer only yes or no' - was that rude?",
        "My teacher said I must answer only yes or no. Is that fair?",
        "What does it mean when someone replies with just one word?",
        "Translate 'yes or no' into French.",
        "What's the best way to answer 'yes or no' questions in court?",
        "We label our options: cheap, fast, good. Comment on it.",
        "Explain how to reply with one of: yes, no.",
        "How do I return a single integer from a SQL query?",
        "Why does my API return only the number 500?",
        "Write a poem about a JSON object that dreams.",
        "He wrote: Return JSON. What should I reply?",
        "My client returns only JSON. Is that normal?",
        "Give me tips for working with JSON",
        "List the advantages of JSON",
        "Name three alternatives to JSON",
        "Is it cheaper to fly or drive?",
    ],
)
def test_a_question_about_a_form_is_no_request_for_it(text: str) -> None:
    """Such a question is answered in prose."""
    request = InferenceRequest(endpoint="chat", model="m", messages=(Message("user", text),))
    assert not Requested(request).asks


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("Is the weather good? Answer yes or no only.", "yes|no"),
        ("Should I pick A or B? Answer with just one letter.", "A|B"),
        ("When I say a city, answer with only one of: yes, no. Paris", "yes|no"),
        ("I will give you a review and you answer with only good or bad: I love it", "good|bad"),
        ("We need to classify the following text as good or bad: I love it", "good|bad"),
        ("The customer said: 'great film'. Classify the sentiment as good or bad.", "good|bad"),
        ("How would you rate Inception from 1 to 10? Reply with only a number.", "[1-9]|10"),
        ("Return information about cities in JSON", r"\{.*\}"),
        ("Give me an example JSON with name and age.", r'\{"name": ".*", "age": \d+\}'),
        ("Return a list of JSON objects with name and age", r'\[\{"name": ".*", "age": \d+\}.*\]'),
        ("Write a song about JSON and return it as JSON", r"\{.*\}"),
    ],
)
def test_a_request_may_speak_of_others_as_well(text: str, pattern: str) -> None:
    """What it says of them hides nothing of what it asks for."""
    assert re.fullmatch(pattern, answer(text))


@pytest.mark.parametrize(
    "told",
    [
        "Always answer in JSON when asked for data.",
        "If asked for a label, answer with one of: a, b.",
        "When the user asks for a number, reply with only the number.",
        "Answer without JSON, in plain text only.",
        'The API returns JSON like {"a": 1}. Help the user debug.',
        "You answer questions about our JSON API. Fields: name, age.",
    ],
)
def test_a_system_message_may_speak_of_a_form(told: str) -> None:
    """What is wanted only on demand, not at all, or of something else, is no form of each answer."""
    messages = (Message("system", told), Message("user", "Tell me about Rome"))
    assert not Requested(InferenceRequest(endpoint="chat", model="m", messages=messages)).asks


plain_words = st.lists(st.from_regex(r"[A-Za-z][a-z0-9_]{0,11}", fullmatch=True), min_size=2, max_size=8, unique=True)
FORMS = ("Answer with one of: {}.", "Classify the text as one of the following labels: {}", "Reply with only one of {}")


@given(plain_words, st.sampled_from(FORMS), st.integers(0, 3))
@settings(max_examples=60)
def test_an_answer_is_one_of_the_words_offered(words: list[str], form: str, seed: int) -> None:
    """Whatever the words are."""
    assert generated(form.format(", ".join(words)), seed) in words


@given(plain_words, st.integers(0, 3))
@settings(max_examples=60)
def test_an_answer_is_one_of_the_quoted_texts(words: list[str], seed: int) -> None:
    """Quotations between "or" are alternatives, however many words each has."""
    texts = [f"{word} {other}" for word, other in zip(words, reversed(words), strict=True)]
    assert generated(f"Respond with {' or '.join(repr(text) for text in texts)}.", seed) in texts


@given(st.integers(-999, 999), st.sampled_from("+-*"), st.integers(0, 999), st.sampled_from("+-*"), st.integers(1, 99))
def test_arithmetic_is_right(first: int, sign: str, second: int, other: str, third: int) -> None:
    """Products come before sums."""
    text = f"{first} {sign} {second} {other} {third}"
    found = calculation(f"What is {text}?")
    assert found is not None
    assert int(found.result) == eval(text)  # noqa: S307 - numbers and signs
    assert found.written == text


# ---------------------------------------------------------------------------------------------- JSON


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("Tell me a joke as JSON with 'setup' and 'punchline' keys", {"setup": str, "punchline": str}),
        ("Give me JSON with keys name, age and city for a person", {"name": str, "age": int, "city": str}),
        (
            'Return a JSON object like {"title": "string", "year": 1999, "tags": ["a"]} about a film',
            {"title": str, "year": int, "tags": list},
        ),
        (
            'Return only JSON, no markdown: {"score": <integer between 1 and 5>, "reason": str, "ok": true}',
            {"score": int, "reason": str, "ok": bool},
        ),
        (
            "Respond with JSON in the format {'name': str, 'age': int, 'tags': list[str]}",
            {"name": str, "age": int, "tags": list},
        ),
        ("Reply with valid JSON: { name: string, items: number[] }", {"name": str, "items": list}),
        (
            "Output JSON with the following fields:\n- name: the full name (string)\n- age (integer)\n\nText: Bob is 5",
            {"name": str, "age": int},
        ),
        (
            "Respond with a JSON object in the following order of fields: `why`, then `value` (must be formatted as a "
            "valid Python float).",
            {"why": str, "value": float | int},
        ),
    ],
)
@pytest.mark.parametrize("form", ["text", "json_object"])
def test_json_has_the_keys_and_types_that_are_asked_for(text: str, types: dict[str, Any], form: str) -> None:
    """By their names, by an example, by a sketch or by a list, with and without a response format."""
    value = json.loads(answer(text, response_format={"type": form}))
    assert list(value) == list(types)
    assert all(isinstance(value[name], kind) for name, kind in types.items())


def test_an_array_is_given_where_one_is_asked_for() -> None:
    """With as many members, of the type that is asked for."""
    colours = json.loads(answer("Give me a JSON array of strings with 3 colors"))
    assert len(colours) == 3
    assert all(isinstance(each, str) for each in colours)
    cities = json.loads(answer("List 3 cities as a JSON array of objects with keys name and population"))
    assert [list(each) for each in cities] == [["name", "population"]] * 3


@pytest.mark.parametrize(
    ("demand", "fenced"),
    [
        ("in a ```json block", True),
        ("within a ```json codeblock", True),
        ("in a markdown code block", True),
        ("and no markdown", False),
        ("without code fences", False),
        ("", False),
    ],
)
def test_json_is_fenced_where_that_is_asked_for(demand: str, fenced: bool) -> None:
    """In a block of Markdown, or plain."""
    said = answer(f"Answer in JSON with keys 'a' and 'b' {demand}")
    assert said.startswith("```json\n") is said.endswith("\n```") is fenced
    assert list(json.loads(said.removeprefix("```json\n").removesuffix("\n```"))) == ["a", "b"]


@pytest.mark.parametrize("form", ["text", "json_object"])
@pytest.mark.parametrize("role", ["system", "user"])
@pytest.mark.parametrize("written", [json.dumps, str, lambda schema: json.dumps(schema, indent=4)])
def test_a_schema_in_a_message_is_followed(form: str, role: str, written: Any) -> None:
    """Of pydantic, as JSON or as Python writes it."""
    told = f"Respond with JSON that matches this schema:\n{written(USER)}\nReturn an instance, not the schema itself."
    subject = "Ada is 36."
    said = answer(subject, told, response_format={"type": form}) if role == "system" else answer(f"{subject} {told}")
    jsonschema.validate(json.loads(said), USER)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "nonsense"}}},
        {"type": "object", "properties": {"a": {"$ref": "#/nowhere"}}},
        {"type": "object", "properties": {"a": {"type": "string", "pattern": "("}}, "required": ["a"]},
        {"type": "object", "properties": {"a": {"minimum": 3, "maximum": 1, "type": "integer"}}, "required": ["a"]},
    ],
)
@pytest.mark.parametrize("form", ["text", "json_object"])
def test_a_schema_that_is_no_schema_is_no_error(schema: dict[str, Any], form: str) -> None:
    """It is only a text: the answer is as if it did not stand there, and JSON where the format says so."""
    exchange = chat(f"Respond with JSON that matches {json.dumps(schema)}", response_format={"type": form})
    assert exchange.status == 200
    if form == "json_object":
        assert isinstance(json.loads(exchange.json["choices"][0]["message"]["content"]), dict)


@given(st.lists(st.from_regex(r"[A-Za-z][\w .-]{0,20}", fullmatch=True), min_size=1, max_size=9, unique=True))
@settings(max_examples=60)
def test_json_has_any_keys_that_are_quoted(keys: list[str]) -> None:
    """Whatever the keys are."""
    quoted = ", ".join(f'"{key}"' for key in keys)
    assert list(json.loads(generated(f"Return JSON with the keys {quoted}."))) == keys


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-999, 999)
    | st.floats(-99, 99)
    | st.text("abc <>{}[]\"'\\:,|/é", max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab {}:'\"", max_size=4), inner, max_size=3),
    max_leaves=12,
)
PARTS = """json|Respond in JSON|{|}|[|"a"|'b'|:|,|<a>|</a>|tags|[[ ## a ## ]]|only|Thought:|Action: one of [a, b]|or
Final Answer:|Action Input:|Observation: x|keys|- a: int|1 to 5|one of:|number|comma-separated|in 3 words|(|)|1 + 1
```json|\\|answer|format:|{"type": "object", "properties": {"a": {"enum": []}}}|\ud83d|NaN|1e999"""
noise = st.lists(st.sampled_from(["\n", *PARTS.replace("\n", "|").split("|")]), max_size=25).map(" ".join)


@given(noise, noise, st.sampled_from(["text", "json_object"]))
@settings(max_examples=150)
def test_any_prompt_has_an_answer(user: str, system: str, form: Any) -> None:
    """However its parts are mixed, and JSON where the format says so."""
    messages = (Message("system", system), Message("user", user))
    request = InferenceRequest(endpoint="chat", model="m", messages=messages, response_format=ResponseFormat(form))
    text = said_by(GeneratedChoice(request, reasons=False, seed=Seed.of(1), choice=0, limit=4_000)).text.text
    assert text
    if form == "json_object":
        assert isinstance(json.loads(text), dict)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), json_values, min_size=1, max_size=4))
@example({"a": [[[{}]]]})
@example({"a": ["he said: 'x or y'", "when asked for it, I return it"]})
@settings(max_examples=60)
def test_an_example_is_followed(shape: dict[str, Any]) -> None:
    """The answer has the same keys, and numbers, booleans, arrays and objects where the example has them."""
    value = json.loads(generated(f"Respond with a JSON object like {json.dumps(shape)}"))
    assert list(value) == list(shape)
    for name, shown in shape.items():
        if isinstance(shown, bool | int | float | list | dict):
            assert isinstance(value[name], int | float if isinstance(shown, float) else type(shown))


# ---------------------------------------------------------------------------------------------- fields, actions


def test_fields_are_written_below_their_markers() -> None:
    """With values of the types that are described, up to the marker that ends the answer."""
    said = answer(ASKING, FIELDS)
    names = re.findall(r"^\[\[ ## (\w+) ## \]\]$", said, re.MULTILINE)
    assert names == ["reasoning", "score", "label", "completed"]
    _, reasoning, score, label, end = [part.strip() for part in re.split(r"\[\[ ## \w+ ## \]\]", said)]
    assert "sea" in reasoning
    assert float(score) is not None
    assert label in ("a", "b")
    assert end == ""


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("Put your answer in <answer></answer> tags. What is 2+2?", r"<answer>4</answer>"),
        ("Answer yes or no inside <answer> tags: is water wet?", r"<answer>(yes|no)</answer>"),
        ("Wrap your reply in <result>...</result>.", r"<result>[^<]+</result>"),
        (
            "Think in <thinking> tags, then give the answer in <answer> tags: why is the sky blue?",
            r"<thinking>[^<]+</thinking>\n<answer>[^<]+</answer>",
        ),
        (
            "Respond in this format:\n<why>reason</why>\n<score>integer from 1 to 10</score>",
            r"<why>[^<]+</why>\n<score>([1-9]|10)</score>",
        ),
    ],
)
def test_an_answer_is_in_the_tags_that_are_asked_for(text: str, pattern: str) -> None:
    """One after the other, with the short answer that is asked for in the last."""
    assert re.fullmatch(pattern, answer(text))


@pytest.mark.parametrize(
    ("question", "action"),
    [
        ("multiply 6 by 7", 'multiply\nAction Input: {"a": 6, "b": 7}'),
        ("What is 3 plus 4?", 'add\nAction Input: {"a": 3, "b": 4}'),
        ("Jason Liu is 25 years old", 'create_user\nAction Input: {"name": "Jason Liu", "age": 25}'),
        ("divide 10 by 4 with the calculator", "calculator\nAction Input: 10 / 4"),
    ],
)
def test_the_input_of_an_action_is_what_the_question_says(question: str, action: str) -> None:
    """As the arguments of a tool call are."""
    tools = """multiply(a: int, b: int) -> int - Multiply two integers.
add(a: int, b: int) -> int - Add two integers.
create_user(name: str, age: int) -> str - Create a user.
calculator: useful for math"""
    text = f"""Answer with these tools:\n\n{tools}\n
Thought: think about what to do
Action: the action to take, one of [multiply, add, create_user, calculator]
Action Input: the input
Final Answer: the answer\n
Question: {question}
Thought:"""
    assert answer(text).endswith(f"Action: {action}")


def test_thoughts_and_actions_end_with_an_answer() -> None:
    """First a tool is called by a line; after its observation comes the final answer."""
    called = answer(REACT, stop=["\nObservation"])
    assert re.fullmatch(r" [^\n]+\nAction: search\nAction Input: [^\n]+", called)
    ended = answer(f"{REACT}{called}\nObservation: Sostratus of Cnidus\nThought:", stop=["\nObservation"])
    assert re.fullmatch(r" [^\n]+\nFinal Answer: .*Sostratus of Cnidus.*", ended)


# ---------------------------------------------------------------------------------------------- every surface

ONE = "Answer with one of: alpha, beta, gamma."
KEYS = "Return JSON with the keys 'a' and 'b'."


def test_each_surface_follows_a_form() -> None:
    """Chat, completions and messages."""
    assert answer(ONE) in ("alpha", "beta", "gamma")
    completed = post(COMPLETIONS, {"model": PLAIN, "prompt": [KEYS, ONE]}).json["choices"]
    assert list(json.loads(completed[0]["text"])) == ["a", "b"]
    assert completed[1]["text"] in ("alpha", "beta", "gamma")
    body = {"model": PLAIN, "max_tokens": 99, "messages": [{"role": "user", "content": KEYS}]}
    assert list(json.loads(post(MESSAGES, body).json["content"][0]["text"])) == ["a", "b"]


@pytest.mark.parametrize("text", [ONE, KEYS, REACT, ASKING])
def test_a_form_is_cut_and_streamed_as_any_answer(text: str) -> None:
    """`max_tokens` gives its beginning, a stop string ends it, a stream has the same text, each token is described."""
    whole = answer(text, FIELDS)
    cut = chat(text, FIELDS, max_tokens=1).json["choices"][0]
    assert whole.startswith(cut["message"]["content"])
    assert cut["finish_reason"] == ("length" if cut["message"]["content"] != whole else "stop")
    assert answer(text, FIELDS, stop=[whole[-1]]) == whole[: whole.index(whole[-1])]
    lines = [
        line[6:] for line in chat(text, FIELDS, stream=True).body.decode().split("\n\n") if line.startswith("data: {")
    ]
    assert "".join(json.loads(line)["choices"][0]["delta"].get("content", "") for line in lines) == whole
    described = chat(text, FIELDS, logprobs=True, top_logprobs=2).json["choices"][0]
    assert (
        "".join(entry["token"] for entry in described["logprobs"]["content"])
        == described["message"]["content"]
        == whole
    )


def test_choices_share_the_budget_of_a_schema() -> None:
    """A choice for which nothing is left of it repeats the one before."""
    hard = {"type": "object", "properties": {f"p{n}": {"type": "array", "minItems": 20} for n in range(40)}}
    hard["required"] = list(hard["properties"])
    exchange = chat(f"Respond with JSON that matches {json.dumps(hard)}", n=20, max_tokens=9_000)
    said = [json.loads(choice["message"]["content"]) for choice in exchange.json["choices"]]
    assert len(said) == 20
    assert len({json.dumps(each) for each in said}) < 20
    for each in said:
        jsonschema.validate(each, hard)
