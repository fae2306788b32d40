"""Tool calls take their arguments from the prompt, and a loop that requires calls comes to an end."""

import json
import time
from collections.abc import Mapping
from typing import Any, TypeAlias

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.asgi import CHAT, MESSAGES, ask, make_engine
from support.parameters import body_of
from support.tools import calls, told

from emulator.core.seeds import Seed
from emulator.core.vocabulary import InferenceRequest, Message, Tool, ToolChoice
from emulator.generator.calls import Structured
from emulator.generator.saying.tasks import tasks
from emulator.generator.turns import ends
from emulator.web.app import create_app

Body: TypeAlias = dict[str, Any]

TEXT: Body = {"type": "string"}
INTEGER: Body = {"type": "integer"}
NUMBER: Body = {"type": "number"}
REQUIRED: dict[str, Any] = {CHAT: "required", MESSAGES: {"type": "any"}}
BOTH = pytest.mark.parametrize("path", [CHAT, MESSAGES])


def tool(name: str, description: str, /, *optional: str, **properties: Body) -> Tool:
    """A tool with these parameters, of which the named ones are optional."""
    required = [each for each in properties if each not in optional]
    return Tool(name, description, {"type": "object", "properties": properties, "required": required})


def titled(name: str, description: str) -> Tool:
    """A tool with one parameter, `name`."""
    schema = {"type": "object", "properties": {"name": TEXT}, "required": ["name"]}
    return Tool(name, description, schema)


def offered(path: str, *tools: Tool) -> list[Body]:
    """The tools as the endpoint's clients describe them."""
    if path == MESSAGES:
        return [{"name": each.name, "description": each.description, "input_schema": each.parameters} for each in tools]
    return [
        {
            "type": "function",
            "function": {"name": each.name, "description": each.description, "parameters": each.parameters},
        }
        for each in tools
    ]


def called(text: str, *tools: Tool, mode: Any = "auto", seed: int = 1) -> list[tuple[str, Any]]:
    """The calls that are generated for a prompt."""
    request = InferenceRequest(
        endpoint="chat", model="m", messages=(Message("user", text),), tools=tools, tool_choice=ToolChoice(mode)
    )
    drafts = Structured(request).tool_calls(Seed.of(seed))
    return [(draft.name, json.loads(draft.arguments.text)) for draft in drafts]


MAGIC = tool("magic_function", "Applies a magic function to an input.", input=INTEGER)
ADD = tool("add", "Add two numbers.", a=NUMBER, b=NUMBER)
MULTIPLY = tool("multiply", "Multiply two integers.", a=INTEGER, b=INTEGER)
UNIT: Body = {"type": "string", "enum": ["celsius", "fahrenheit"]}
WEATHER = tool("get_weather", "Get the weather at a location.", "unit", location=TEXT, unit=UNIT)
ORDER: Body = {"type": "string", "pattern": r"^[A-Z]-\d+$"}
REFUND = tool("refund_order", "Refund an order.", order_id=ORDER, amount=NUMBER)
COMPANY = titled("create_company", "Create a company.")
DATE: Body = {"type": "string", "format": "date"}
TABLE = tool("book_table", "Book a table at a restaurant.", restaurant=TEXT, people=INTEGER, date=DATE, time=TEXT)
CURRENCY = tool(
    "convert_currency", "Convert money between currencies.", amount=NUMBER, from_currency=TEXT, to_currency=TEXT
)
TIP = tool("calculate_tip", "Calculate the tip for a bill.", bill=NUMBER, tip_percentage=NUMBER)
INTEREST = tool("compound_interest", "Calculate compound interest.", principal=NUMBER, rate=NUMBER, years=INTEGER)
EMAIL = tool("send_email", "Send an email.", to=TEXT, subject=TEXT, body=TEXT)
TRANSLATE = tool("translate", "Translate a text.", text=TEXT, target_language=TEXT)
FLIGHT = tool("search_flights", "Search for flights.", "date", origin=TEXT, destination=TEXT, date=DATE)
AREA = tool("triangle_area", "Calculate the area of a triangle.", base=NUMBER, height=NUMBER)
TAGS = tool("add_tags", "Add tags to an item.", item_id=INTEGER, tags={"type": "array", "items": TEXT})
MEAN = tool("mean", "Calculate the mean of numbers.", numbers={"type": "array", "items": NUMBER})
MEETING = tool(
    "schedule_meeting",
    "Schedule a meeting.",
    attendees={"type": "array", "items": TEXT},
    date=DATE,
    time=TEXT,
)
RUN = tool("run_tests", "Run the tests.", verbose={"type": "boolean"}, limit=INTEGER)
PRIORITY: Body = {"type": "string", "enum": ["low", "medium", "high"]}
TICKET = tool("create_ticket", "Create a ticket.", title=TEXT, priority=PRIORITY)
OPTIONAL_DAYS = tool(
    "get_forecast",
    "Get the weather forecast of a city.",
    "days",
    city=TEXT,
    days={"anyOf": [INTEGER, {"type": "null"}]},
)
THERMOSTAT = tool("set_thermostat", "Set the temperature of a thermostat.", room=TEXT, temperature=NUMBER)
STOCK = tool("get_stock_price", "Get the price of a stock.", symbol=TEXT)
USER = tool("get_user", "Get a user by id.", id=INTEGER)
SEARCH = tool("web_search", "Search the web.", query=TEXT)
READ = tool("read_file", "Read a file.", path=TEXT)
EVENT = tool("create_event", "Create an event.", title=TEXT, start_date=DATE, end_date=DATE)
GCD = tool("gcd", "Calculate the greatest common divisor.", num1=INTEGER, num2=INTEGER)
PROFILE = tool("update_profile", "Update the profile.", age=INTEGER, city=TEXT)

ONE = [
    ("magic_function(3)", MAGIC, {"input": 3}),
    ("What is the value of magic_function(-7)?", MAGIC, {"input": -7}),
    ("What is 3 times 12?", MULTIPLY, {"a": 3, "b": 12}),
    ("add(a=3, b=4)", ADD, {"a": 3, "b": 4}),
    ("add(b=3, a=4)", ADD, {"a": 4, "b": 3}),
    ("Please add 2.5 and 4", ADD, {"a": 2.5, "b": 4}),
    ("Multiply 6 by 7", MULTIPLY, {"a": 6, "b": 7}),
    ("What's 6 * 7?", MULTIPLY, {"a": 6, "b": 7}),
    ("Refund order_id A-1001, amount 25.", REFUND, {"order_id": "A-1001", "amount": 25}),
    ("Refund order B-7 with $1,250.50", REFUND, {"order_id": "B-7", "amount": 1250.5}),
    ("What's the weather in San Francisco, CA?", WEATHER, {"location": "San Francisco, CA"}),
    ("Weather in Paris, France, in celsius?", WEATHER, {"location": "Paris, France", "unit": "celsius"}),
    ("How is the weather in New York?", WEATHER, {"location": "New York"}),
    ("Create a company named 'Acme Corp'", COMPANY, {"name": "Acme Corp"}),
    ("Create a company named 你好啊集团", COMPANY, {"name": "你好啊集团"}),
    ('Create a company called "Globex"', COMPANY, {"name": "Globex"}),
    ("Create a company named Initech.", COMPANY, {"name": "Initech"}),
    (
        "Book a table for 4 people at Chez Paul on 2026-03-14 at 19:30",
        TABLE,
        {"restaurant": "Chez Paul", "people": 4, "date": "2026-03-14", "time": "19:30"},
    ),
    (
        "Book a table for two at Nobu on March 3, 2027 at 8pm",
        TABLE,
        {"restaurant": "Nobu", "people": 2, "date": "2027-03-03", "time": "8pm"},
    ),
    ("Convert 100 USD to EUR", CURRENCY, {"amount": 100, "from_currency": "USD", "to_currency": "EUR"}),
    ("Convert 500 US dollars to Euros", CURRENCY, {"amount": 500, "from_currency": "USD", "to_currency": "EUR"}),
    (
        "请把100美元换成人民币 (convert currency)",
        CURRENCY,
        {"amount": 100, "from_currency": "USD", "to_currency": "CNY"},
    ),
    ("Calculate a 15% tip on $84.50", TIP, {"bill": 84.5, "tip_percentage": 15}),
    (
        "Compound interest of $10k at 5% for 3 years",
        INTEREST,
        {"principal": 10_000, "rate": 0.05, "years": 3},
    ),
    (
        "Send an email to ana@example.org with subject 'Lunch' and body 'See you at noon.'",
        EMAIL,
        {"to": "ana@example.org", "subject": "Lunch", "body": "See you at noon."},
    ),
    ("Translate 'good morning' to French", TRANSLATE, {"text": "good morning", "target_language": "French"}),
    ("Search flights from Lisbon to New York", FLIGHT, {"origin": "Lisbon", "destination": "New York"}),
    (
        "Find a flight to Oslo from Rome on 5 June 2026",
        FLIGHT,
        {"origin": "Rome", "destination": "Oslo", "date": "2026-06-05"},
    ),
    ("The area of a triangle with a base of 10 units and a height of 5", AREA, {"base": 10, "height": 5}),
    ("The area of a triangle with height 5 cm and base 10 cm", AREA, {"base": 10, "height": 5}),
    ("Area of a triangle given base and height as 6cm and 10cm", AREA, {"base": 6, "height": 10}),
    ("Add tags red, green and blue to item 7", TAGS, {"item_id": 7, "tags": ["red", "green", "blue"]}),
    ("Find the mean of 4, 8, 15 and 16", MEAN, {"numbers": [4, 8, 15, 16]}),
    ("What is the mean of [1, 2.5, 4]?", MEAN, {"numbers": [1, 2.5, 4]}),
    (
        "Schedule a meeting with Bob and Alice on 2026-05-06 at 10:00",
        MEETING,
        {"attendees": ["Bob", "Alice"], "date": "2026-05-06", "time": "10:00"},
    ),
    ("Run the tests with verbose false and limit 10", RUN, {"verbose": False, "limit": 10}),
    ("Run the tests, limit=3, verbose", RUN, {"verbose": True, "limit": 3}),
    ('Create a high priority ticket "Login fails"', TICKET, {"title": "Login fails", "priority": "high"}),
    ("Weather forecast for Porto for 3 days", OPTIONAL_DAYS, {"city": "Porto", "days": 3}),
    ("Weather forecast for Porto", OPTIONAL_DAYS, {"city": "Porto"}),
    ("Set the thermostat in the kitchen to 21 degrees", THERMOSTAT, {"room": "kitchen", "temperature": 21}),
    ("What's the stock price of AAPL?", STOCK, {"symbol": "AAPL"}),
    ("Get the user with id 42", USER, {"id": 42}),
    ("Search the web for red shoes", SEARCH, {"query": "red shoes"}),
    ("Please read the file src/main.py.", READ, {"path": "src/main.py"}),
    (
        'Create an event "Fair" from 2026-01-02 to 2026-01-05',
        EVENT,
        {"title": "Fair", "start_date": "2026-01-02", "end_date": "2026-01-05"},
    ),
    ("Greatest common divisor of 12 and 18", GCD, {"num1": 12, "num2": 18}),
    ("Update the profile: age: 41, city: Ghent", PROFILE, {"age": 41, "city": "Ghent"}),
]


PERSON = tool("Person", "A person.", name=TEXT, age=INTEGER)
PRODUCT = tool("Product", "A product.", name=TEXT, price=NUMBER)
NAMES = [
    ("Extract: Jason is 25 years old", PERSON, {"name": "Jason", "age": 25}),
    ("extract jason is 25 years old", PERSON, {"name": "jason", "age": 25}),
    ("Extract Jason is 25", PERSON, {"name": "Jason", "age": 25}),
    ("Jason Liu is 30 years old", PERSON, {"name": "Jason Liu", "age": 30}),
    ("Classify: Mary Ann Smith, 44", PERSON, {"name": "Mary Ann Smith", "age": 44}),
    ("Create a user: John Smith, age 30", PERSON, {"name": "John Smith", "age": 30}),
    ("User: Ana Silva\nAge: 31", PERSON, {"name": "Ana Silva", "age": 31}),
    ("Ana de la Cruz (31)", PERSON, {"name": "Ana de la Cruz", "age": 31}),
    ("iPhone 14 Pro for $999", PRODUCT, {"name": "iPhone 14 Pro", "price": 999}),
    ("iPhone 15 Pro costs $1,099.50 today", PRODUCT, {"name": "iPhone 15 Pro", "price": 1099.5}),
    ("iPhone 14 for $799", PRODUCT, {"name": "iPhone 14", "price": 799}),
    ("Sony WH-1000XM5 for $399", PRODUCT, {"name": "Sony WH-1000XM5", "price": 399}),
    ("李雷今年25岁", PERSON, {"name": "李雷", "age": 25}),
]


PEOPLE = tool("People", "People.", users={"type": "array", "items": PERSON.parameters})
REFERRING = Tool(
    "People",
    "People.",
    {**tool("", "", users={"type": "array", "items": {"$ref": "#/$defs/User"}}).parameters}
    | {"$defs": {"User": PERSON.parameters}},
)
STREET = tool("", "", street=TEXT, city=TEXT).parameters
RESIDENT = tool("Resident", "", user=dict(tool("", "", name=TEXT, address=dict(STREET)).parameters))
FREE = Tool("User", "A user.", {"type": "object", "properties": PERSON.parameters["properties"], "required": []})
CONTENT = tool("Response", "Correctly formatted response.", content=INTEGER)
TEAM = tool("Team", "A team.", team=TEXT, members={"type": "array", "items": PERSON.parameters})
CALCULATOR = tool("calculator", "Useful for math.", expression=TEXT)
TODO = tool("Task", "A task.", title=TEXT, priority=INTEGER)


def people(**ages: int) -> Body:
    """The arguments for people of these ages."""
    return {"users": [{"name": name, "age": age} for name, age in ages.items()]}


NAMED = ["Ana", "Bo", "Cem", "Dora", "Eli", "Fay", "Gus"]
STRUCTURES = [
    ("Jason is 20, Sarah is 30", PEOPLE, people(Jason=20, Sarah=30)),
    ("Jason 25, Sarah 30, Mike 28", PEOPLE, people(Jason=25, Sarah=30, Mike=28)),
    ("jason is 20 and sarah is 30", PEOPLE, people(jason=20, sarah=30)),
    ("Make 2 users: John (20), Jane (22)", REFERRING, people(John=20, Jane=22)),
    ("Extract: Alice is 30 years old, Bob is 25 years old", REFERRING, people(Alice=30, Bob=25)),
    ("Extract: Jason is 20", PEOPLE, people(Jason=20)),
    ("- Ann (30)\n- Ben (40)", PEOPLE, people(Ann=30, Ben=40)),
    ("Ann aged 30 and Ben aged 40", PEOPLE, people(Ann=30, Ben=40)),
    (
        "Team Rocket: Jessie is 20, James is 21",
        TEAM,
        {"team": "Team Rocket", "members": people(Jessie=20, James=21)["users"]},
    ),
    (
        "John Doe lives at 123 Main St, Springfield",
        RESIDENT,
        {"user": {"name": "John Doe", "address": {"street": "123 Main St", "city": "Springfield"}}},
    ),
    ("multiply 6 by 7", CALCULATOR, {"expression": "6 * 7"}),
    ("Subtract 3 from ten", CALCULATOR, {"expression": "10 - 3"}),
    ("Return the integer 42.", CONTENT, {"content": 42}),
    ("Return the integer -7", CONTENT, {"content": -7}),
    ("Create a task: Fix the bug in login, high priority (9)", TODO, {"title": "Fix the bug in login", "priority": 9}),
    ("Jason is 25 years old", FREE, {"name": "Jason", "age": 25}),
]


@BOTH
@pytest.mark.parametrize(("text", "offer", "arguments"), [*NAMES, *STRUCTURES])
def test_a_schema_is_filled_from_the_prompt(path: str, text: str, offer: Tool, arguments: Body) -> None:
    """Objects in objects and lists of objects too, as the arguments of a tool, and as an answer in JSON."""
    required = {"tools": offered(path, offer), "tool_choice": REQUIRED[path]}
    assert calls(told(path, body_of(path, text, **required))) == [(offer.name, arguments)]
    if path == CHAT:
        schema = {"type": "json_schema", "json_schema": {"name": "s", "schema": offer.parameters}}
        message = told(path, body_of(path, text, response_format=schema))["choices"][0]["message"]
        assert json.loads(message["content"]) == arguments


@given(st.lists(st.tuples(st.sampled_from(NAMED), st.integers(1, 99)), min_size=2, max_size=7))
@pytest.mark.parametrize("form", ["{} is {}", "{} {}", "{} ({})", "{}: {}", "{}, {}", "{} - {}"])
def test_a_list_has_an_item_for_each_thing_of_the_prompt(form: str, listed: list[tuple[str, int]]) -> None:
    """In the order of the prompt, each with its own values."""
    text = ", ".join(form.format(*each) for each in listed)
    ((_, arguments),) = called(f"Extract: {text}", PEOPLE, mode="required")
    assert [(each["name"], each["age"]) for each in arguments["users"]] == listed


def test_a_tool_for_one_thing_is_called_for_each() -> None:
    """The number of the things is no value of any of them."""
    found = called("Make 2 people: John (20), Jane (22)", PERSON, mode="required")
    assert [arguments for _, arguments in found] == people(John=20, Jane=22)["users"]


def test_an_object_in_the_prompt_is_the_arguments() -> None:
    """If the tool has all its properties."""
    assert called('Store the person {"name": "Bo", "age": 3}.', PERSON) == [("Person", {"name": "Bo", "age": 3})]


def test_what_the_prompt_does_not_say_of_an_object_is_made() -> None:
    """So that the arguments satisfy the schema, also where it refers to itself."""
    node: Body = {"type": "object", "properties": {"name": TEXT, "size": INTEGER}, "required": ["name", "size"]}
    node["properties"]["children"] = {"type": "array", "items": {"$ref": "#/$defs/Node"}}
    schema = {**tool("", "", root={"$ref": "#/$defs/Node"}).parameters, "$defs": {"Node": node}}
    ((_, arguments),) = called("The root is named 'src'", Tool("tree", "A tree.", schema), mode="required")
    jsonschema.validate(arguments, schema)
    assert arguments["root"]["name"] == "src"


@BOTH
@pytest.mark.parametrize(("text", "offer", "arguments"), ONE)
def test_arguments_are_what_the_prompt_says(path: str, text: str, offer: Tool, arguments: Body) -> None:
    """One call, with the values of the prompt; optional parameters that it does not speak of are left out."""
    found = calls(told(path, body_of(path, text, tools=offered(path, offer))))
    assert found == [(offer.name, arguments)]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("北京的天气怎么样？", "北京"),
        ("東京の天気を教えて", "東京"),
        ("서울 날씨 알려줘", "서울"),
        ("¿Qué tiempo hace en Madrid?", "Madrid"),
        ("Какая погода в Москве?", "Москве"),
        ("ما هو الطقس في القاهرة؟", "القاهرة"),
        ("Quelle est la météo à Lyon ?", "Lyon"),
        ("Wie ist das Wetter in Köln?", "Köln"),
        ("What's the weather in 東京?", "東京"),
    ],
)
def test_places_are_found_in_other_scripts_and_languages(text: str, place: str) -> None:
    """With words for what the tool is about in the language of the prompt."""
    assert called(text, WEATHER) == [("get_weather", {"location": place})]


@pytest.mark.parametrize(
    ("text", "tools", "expected"),
    [
        ("Weather in Paris and Berlin", (WEATHER,), [{"location": "Paris"}, {"location": "Berlin"}]),
        (
            "What's the weather in Boston, MA and Austin, TX?",
            (WEATHER,),
            [{"location": "Boston, MA"}, {"location": "Austin, TX"}],
        ),
        (
            "Get the weather forecast for Oslo, Rome and Lima for 3 days",
            (OPTIONAL_DAYS,),
            [{"city": city, "days": 3} for city in ("Oslo", "Rome", "Lima")],
        ),
        (
            "Find the gcd of 36 and 48, and of 60 and 96",
            (GCD,),
            [{"num1": 36, "num2": 48}, {"num1": 60, "num2": 96}],
        ),
        ("Add 2 and 3, then multiply 4 by 5", (MULTIPLY, ADD), [{"a": 2, "b": 3}, {"a": 4, "b": 5}]),
        (
            "Areas of triangles: the first has a base of 12 and a height of 15, the second a base of 18 and height 24.",
            (AREA,),
            [{"base": 12, "height": 15}, {"base": 18, "height": 24}],
        ),
        ("magic_function(1), magic_function(2)", (MAGIC,), [{"input": 1}, {"input": 2}]),
        (
            "What's the weather in Oslo? Also translate 'hello' to French.",
            (TRANSLATE, WEATHER),
            [{"location": "Oslo"}, {"text": "hello", "target_language": "French"}],
        ),
    ],
)
def test_parallel_calls_are_one_for_each_thing(text: str, tools: tuple[Tool, ...], expected: list[Body]) -> None:
    """For each item of a list, each pair of numbers and each task; without parallel calls only the first."""
    assert [arguments for _, arguments in called(text, *tools)] == expected


@pytest.mark.parametrize(
    "text", ["Hello!", "Tell me a joke", "How are you today?", "Who wrote Hamlet?", "Explain recursion in 3 sentences."]
)
def test_what_no_tool_is_about_is_answered_in_words(text: str) -> None:
    """With a free choice there is no call for it."""
    assert called(text, WEATHER, ADD, MULTIPLY, EMAIL, CURRENCY) == []


@given(st.integers(-(10**12), 10**12))
def test_the_integer_of_a_call_is_its_argument(number: int) -> None:
    """Whatever integer stands between the brackets."""
    assert called(f"What is magic_function({number})?", MAGIC) == [("magic_function", {"input": number})]


@given(st.text(max_size=200), st.integers(0, 3))
def test_arguments_satisfy_their_schema_and_are_the_same_again(text: str, seed: int) -> None:
    """For any prompt, and any tool that is called."""
    tools = (REFUND, TABLE, TAGS, RUN, TICKET, OPTIONAL_DAYS, MEAN)
    found = called(text, *tools, mode="required", seed=seed)
    assert found == called(text, *tools, mode="required", seed=seed)
    for name, arguments in found:
        schema = next(each.parameters for each in tools if each.name == name)
        jsonschema.validate(arguments, dict(schema))


@pytest.mark.parametrize(
    "text",
    ["the order is a-1001", "Refund order 17", 'Refund order "A-" now', "Refund order_id=x, amount=lots"],
)
def test_what_does_not_satisfy_the_schema_is_not_used(text: str) -> None:
    """A value of another form is made."""
    ((_, arguments),) = called(text, REFUND, mode="required")
    jsonschema.validate(arguments, dict(REFUND.parameters))


# ---------------------------------------------------------------------------------------------- the end of a loop

FINAL = tool("final_answer", "Provides a final answer to the given problem.", answer=TEXT)
TURNS = 8


def looped(path: str, text: str, *tools: Tool, **more: Any) -> list[list[tuple[str, Any]]]:
    """The calls of each turn of an agent that runs them until one ends, or there is none."""
    messages: list[Body] = [{"role": "user", "content": text}]
    turns = []
    for _ in range(TURNS):
        body = {**body_of(path, text), "messages": messages, "tools": offered(path, *tools), **more}
        reply = told(path, body)
        turns.append(calls(reply))
        if not turns[-1] or any(ends(each) for each in tools if each.name in dict(turns[-1])):
            break
        messages += exchanged(path, reply)
    return turns


def exchanged(path: str, reply: Mapping[str, Any]) -> list[Body]:
    """An answer with calls, and the result of each, as a client sends them back."""
    if path == MESSAGES:
        results = [
            {"type": "tool_result", "tool_use_id": block["id"], "content": "It is sunny, 21."}
            for block in reply["content"]
            if block["type"] == "tool_use"
        ]
        return [{"role": "assistant", "content": reply["content"]}, {"role": "user", "content": results}]
    message = reply["choices"][0]["message"]
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": "It is sunny, 21."} for call in message["tool_calls"]
    ]
    return [message, *results]


@BOTH
@pytest.mark.parametrize(
    "ending",
    [
        FINAL,
        tool("submit", "Submit your result.", result=TEXT),
        Tool("done"),
        tool("finish", "", summary=TEXT),
        tool("attempt_completion", "Presents the result.", result=TEXT),
        tool("close_out", "Ends the conversation.", note=TEXT),
    ],
    ids=lambda each: str(each.name),
)
@pytest.mark.parametrize("text", ["Weather in Oslo and in Rome", "Do what you can"])
def test_a_loop_that_requires_calls_ends(path: str, ending: Tool, text: str) -> None:
    """A tool that ends is called after what was asked for, and not before."""
    turns = looped(path, text, ending, WEATHER, ADD, tool_choice=REQUIRED[path])
    assert 1 < len(turns) <= 4
    assert [name for name, _ in turns[-1]] == [ending.name]
    assert all(name != ending.name for turn in turns[:-1] for name, _ in turn)


def test_the_tool_that_ends_is_given_the_result() -> None:
    """As its first text."""
    turns = looped(CHAT, "Weather in Oslo", WEATHER, FINAL, tool_choice="required")
    assert turns == [[("get_weather", {"location": "Oslo"})], [("final_answer", {"answer": "It is sunny, 21."})]]


@pytest.mark.parametrize(
    "text", ["Answer in Spanish and French: How are you?", "Reply in French and in Spanish, please."]
)
def test_tools_are_told_apart_by_the_words_that_are_their_own(text: str) -> None:
    """Two tools that respond in some language are called once each, with the whole question."""
    parameters = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
    tools = [Tool(f"respond_{language}", parameters=parameters) for language in ("spanish", "french", "italian")]
    called = tasks(tools, text, forced=False)
    assert sorted(task.tool.name for task in called) == ["respond_french", "respond_spanish"]
    assert all(task.values == {"input": text} for task in called)


@pytest.mark.parametrize(
    ("system", "wanted"),
    [
        ("<story>Mike is 37 years old</story>", {"name": "Mike", "age": 37}),
        ("<story>" + "Mike is 37 years old. " * 400 + "</story>", {"name": "Mike", "age": 37}),
    ],
)
def test_a_document_in_the_system_message_is_read(system: str, wanted: dict[str, Any]) -> None:
    """Where the user says no value of a tool that is forced, those of the system message are taken."""
    messages = [{"role": "system", "content": system}, {"role": "user", "content": "Extract a user from the story."}]
    assert _user(messages) == wanted


def test_a_role_in_the_system_message_is_no_document() -> None:
    """A system message that does not say all that the tool needs says nothing of it."""
    messages = [{"role": "system", "content": "You are a helpful assistant."}, {"role": "user", "content": "Go on."}]
    assert "assistant" not in _user(messages)["name"]


def _user(messages: list[dict[str, str]]) -> dict[str, Any]:
    properties = {"name": {"type": "string"}, "age": {"type": "integer"}}
    parameters = {"type": "object", "properties": properties, "required": ["name", "age"]}
    tools = [{"type": "function", "function": {"name": "User", "parameters": parameters}}]
    choice = {"type": "function", "function": {"name": "User"}}
    body = {"model": "openai/gpt-oss-20b", "messages": messages, "tools": tools, "tool_choice": choice}
    (call,) = ask(create_app(make_engine()), "POST", CHAT, body).json["choices"][0]["message"]["tool_calls"]
    made: dict[str, Any] = json.loads(call["function"]["arguments"])
    return made


@BOTH
def test_without_a_tool_that_ends_no_call_is_repeated(path: str) -> None:
    """The other tools come next, and then other arguments."""
    turns = looped(path, "Weather in Oslo", WEATHER, ADD, MAGIC, tool_choice=REQUIRED[path])
    made = [json.dumps(call) for turn in turns for call in turn]
    assert len(turns) == TURNS
    assert len(set(made)) == len(made)
    assert {name for turn in turns[:3] for name, _ in turn} == {"get_weather", "add", "magic_function"}


@BOTH
def test_a_free_choice_ends_by_itself(path: str) -> None:
    """Every call is made once, then comes text."""
    turns = looped(path, "Weather in Oslo and in Rome", WEATHER, ADD)
    assert [len(turn) for turn in turns] == [2, 0]


def test_calls_that_a_client_writes_as_text_are_calls() -> None:
    """As some agents send their history back; the results in user messages are no task."""
    said = "Calling tools:\n[{'id': 'c1', 'type': 'function', 'function': {'name': 'get_weather', 'arguments': {}}}]"
    messages = [
        {"role": "user", "content": "New task:\nWeather in Oslo"},
        {"role": "assistant", "content": said},
        {"role": "user", "content": "Observation:\nIt is sunny, 21."},
    ]
    body = {
        **body_of(CHAT, ""),
        "messages": messages,
        "tools": offered(CHAT, WEATHER, FINAL),
        "tool_choice": "required",
    }
    assert [name for name, _ in calls(told(CHAT, body))] == ["final_answer"]


def test_another_task_behind_a_result_is_done() -> None:
    """Calls that were made before it only count if they are the same."""
    messages = [
        {"role": "user", "content": "Weather in Oslo"},
        *exchanged(CHAT, told(CHAT, body_of(CHAT, "Weather in Oslo", tools=offered(CHAT, WEATHER)))),
        {"role": "user", "content": "And the weather in Rome?"},
    ]
    body = {**body_of(CHAT, ""), "messages": messages, "tools": offered(CHAT, WEATHER)}
    assert calls(told(CHAT, body)) == [("get_weather", {"location": "Rome"})]


@pytest.mark.parametrize(
    "name", ["stop_music", "end_date", "finish_order", "submit_form", "answer_call", "completions"]
)
def test_a_tool_with_another_object_does_not_end_a_loop(name: str) -> None:
    """Only what ends the task, or gives its answer, does."""
    assert not ends(Tool(name))


# ---------------------------------------------------------------------------------------------- work

HARD = [
    '"',
    "'",
    "(1,",
    "[[",
    "a-",
    "1/",
    "http://",
    "x^2+",
    "New York, ",
    "1,",
    "@a.",
    "and 3 days ",
    "{",
    "$1k ",
    "de la ",
    "Ana is 3, ",
    "iPhone 14 ",
]


@pytest.mark.parametrize("piece", HARD)
def test_work_is_linear_in_the_prompt(piece: str) -> None:
    """A long prompt of any kind takes no more time than its length says, by orders of magnitude."""
    tools = [WEATHER, ADD, TABLE, TAGS, EMAIL, PEOPLE]
    start = time.process_time()
    tasks(tools, f"Ana {piece * 4_000}"[:4_000], forced=True)
    assert time.process_time() - start < 2


def test_work_is_bounded_for_many_tools_with_many_parameters() -> None:
    """Of many tools, the parameters of those are looked for that the prompt speaks of."""
    names = [f"{kind}_{at}" for at in range(16) for kind in ("city", "date", "amount", "x")]
    kinds = [TEXT, INTEGER, NUMBER, {"type": "boolean"}]
    many = {name: kinds[at % 4] for at, name in enumerate(names)}
    tools = [tool(f"get_{at}", "The value of a city.", **many) for at in range(128)]
    for piece in ("New York, ", "1 and 2, ", "city x=1, "):
        start = time.process_time()
        assert tasks([*tools, WEATHER], f"Weather in Oslo. {piece * 100}"[:1_200], forced=False)
        assert time.process_time() - start < 2
