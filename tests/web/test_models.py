"""The lists of models: what each surface tells of a model, one by one and in pages, and a user's own among them."""

import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from support.asgi import CHAT, PLAIN, REASONING, chat, error_of, get, post

from emulator.core.catalog import Catalog, alias

IDS = [model.id for model in Catalog.load()]
ALIASES = [id.replace("/", "--") for id in IDS]
LAST = len(IDS) - 1
LISTED = "/anthropic/v1/models"
TINY = {
    "context_length": 8192,
    "max_output_length": 1024,
    "pricing": {"input": "0.0000001", "output": "0.0000002", "input_cache_read": "0.00000001"},
}
KEYS = {
    *("id", "object", "created", "owned_by", "name", "context_length", "input_modalities", "output_modalities"),
    *("supported_sampling_parameters", "supported_features", "description", "max_output_length", "quantization"),
    "pricing",
}


def listed(**settings: Any) -> list[dict[str, Any]]:
    """GET /v1/models, without its envelope."""
    found: list[dict[str, Any]] = get("/v1/models", **settings).json["data"]
    return found


# ---------------------------------------------------------------------------------------------- /v1


def test_the_list_is_akashmls() -> None:
    """The ids are those of the catalogue, in its order, in OpenAI's envelope."""
    body = get("/v1/models").json
    assert (set(body), body["object"], [model["id"] for model in body["data"]]) == ({"object", "data"}, "list", IDS)


@pytest.mark.parametrize("model", listed(), ids=lambda model: model["id"])
def test_a_model_has_all_that_akashml_tells(model: dict[str, Any]) -> None:
    """The keys and their types are those of the contract, no more and no fewer."""
    assert set(model) == KEYS
    assert (model["object"], model["owned_by"]) == ("model", "akashml")
    for name in ("created", "context_length", "max_output_length"):
        assert isinstance(model[name], int) and model[name] > 0
    for name in ("name", "description", "quantization"):
        assert isinstance(model[name], str) and model[name]
    for name in ("input_modalities", "output_modalities", "supported_sampling_parameters", "supported_features"):
        assert model[name] and all(isinstance(word, str) for word in model[name])
    assert model["max_output_length"] <= model["context_length"]


@pytest.mark.parametrize("model", listed(), ids=lambda model: model["id"])
def test_prices_are_decimals_in_strings(model: dict[str, Any]) -> None:
    """USD per token without an exponent; a price for cached reads only where there is one."""
    pricing = model["pricing"]
    assert {"input", "output", "request"} <= set(pricing) <= {"input", "output", "request", "input_cache_read"}
    assert all(re.fullmatch(r"\d+(\.\d+)?", price) for price in pricing.values())
    assert 0 < float(pricing["input"]) < float(pricing["output"]) < 0.001


def test_a_model_without_a_price_for_cached_reads_does_not_have_the_key() -> None:
    """Clients tell by the key itself whether cached reads have a price."""
    cached = {model["id"]: "input_cache_read" in model["pricing"] for model in listed()}
    assert (cached[PLAIN], cached[REASONING]) == (False, True)


@pytest.mark.parametrize("id", IDS)
def test_a_model_is_found_by_its_id(id: str) -> None:
    """openai-python sends the slash raw or as %2F, by its version."""
    expected = next(model for model in listed() if model["id"] == id)
    assert get(f"/v1/models/{id}").json == expected
    assert get(f"/v1/models/{quote(id, safe='')}").json == expected
    assert get(f"/v1/models/{id}/?x=1").json == expected


@pytest.mark.parametrize("id", ["nobody", "zai-org/glm-5.3", "zai-org", "zai-org/GLM-5.3/x"])
def test_an_unknown_model_is_404(id: str) -> None:
    """Case matters, and so does the whole id."""
    exchange = get(f"/v1/models/{id}")
    error = error_of(exchange)
    assert (exchange.status, error["code"], error["param"]) == (404, "model_not_found", "model")


# ---------------------------------------------------------------------------------------------- /anthropic


def test_the_list_is_anthropics() -> None:
    """Ids are aliases, and the envelope is that of a page with everything on it."""
    body = get(LISTED, key=None).json
    assert [model["id"] for model in body["data"]] == ALIASES
    assert {name: body[name] for name in body if name != "data"} == {
        "has_more": False,
        "first_id": ALIASES[0],
        "last_id": ALIASES[-1],
    }
    for model in body["data"]:
        assert set(model) == {"type", "id", "display_name", "created_at", "lifecycle"}
        assert (model["type"], model["lifecycle"]) == ("model", "active")
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", model["created_at"])


def test_both_lists_tell_of_the_same_models() -> None:
    """A model has the same name on both surfaces."""
    names = [model["display_name"] for model in get(LISTED).json["data"]]
    assert names == [model["name"] for model in listed()]


@pytest.mark.parametrize("id", [*IDS, *ALIASES])
def test_a_model_is_found_by_its_id_and_its_alias(id: str) -> None:
    """Either form is known, and the alias is told."""
    for path in (f"{LISTED}/{id}", f"{LISTED}/{quote(id, safe='')}"):
        assert get(path).json["id"] == id.replace("/", "--")


def test_an_unknown_model_has_anthropics_404() -> None:
    """The error has the shape of the surface."""
    exchange = get(f"{LISTED}/claude-opus-4")
    assert (exchange.status, error_of(exchange)["type"]) == (404, "not_found_error")


@pytest.mark.parametrize(
    ("query", "first", "last", "more"),
    [
        ("", 0, LAST, False),
        ("limit=3", 0, 2, True),
        (f"limit={LAST + 1}", 0, LAST, False),
        ("limit=1000", 0, LAST, False),
        (f"limit={LAST}", 0, LAST - 1, True),
        (f"after_id={ALIASES[2]}", 3, LAST, False),
        (f"after_id={ALIASES[2]}&limit=2", 3, 4, True),
        (f"after_id={ALIASES[-3]}&limit=2", LAST - 1, LAST, False),
        (f"after_id={quote(IDS[2], safe='')}&limit=2", 3, 4, True),
        (f"before_id={ALIASES[5]}", 0, 4, False),
        (f"before_id={ALIASES[5]}&limit=2", 3, 4, True),
        (f"before_id={ALIASES[2]}&limit=2", 0, 1, False),
        (f"before_id={IDS[2]}&limit=1", 1, 1, True),
        ("limit=3&unknown=1&after_id=", 0, 2, True),
    ],
)
def test_a_page(query: str, first: int, last: int, more: bool) -> None:
    """`limit`, `after_id` and `before_id` cut the list; has_more looks on in the direction of the paging."""
    body = get(f"{LISTED}?{query}").json
    assert [model["id"] for model in body["data"]] == ALIASES[first : last + 1]
    assert (body["first_id"], body["last_id"], body["has_more"]) == (ALIASES[first], ALIASES[last], more)


@pytest.mark.parametrize("query", [f"after_id={ALIASES[-1]}", f"before_id={ALIASES[0]}&limit=5"])
def test_an_empty_page(query: str) -> None:
    """Beyond the last and before the first there is nothing, and it has no ids."""
    assert get(f"{LISTED}?{query}").json == {"data": [], "has_more": False, "first_id": None, "last_id": None}


@pytest.mark.parametrize("limit", [1, 2, 3, 8])
@pytest.mark.parametrize(("way", "end"), [("after_id", "last_id"), ("before_id", "first_id")])
def test_the_pages_make_up_the_list(limit: int, way: str, end: str) -> None:
    """Going on from page to page, forwards or backwards, tells every model once."""
    pages, query = [], f"limit={limit}" if way == "after_id" else f"limit={limit}&before_id={ALIASES[-1]}"
    while True:
        body = get(f"{LISTED}?{query}").json
        pages.append([model["id"] for model in body["data"]])
        if not body["has_more"]:
            break
        query = f"limit={limit}&{way}={body[end]}"
    found = pages if way == "after_id" else pages[::-1]
    assert [id for page in found for id in page] == (ALIASES if way == "after_id" else ALIASES[:-1])


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("limit=0", 400, "limit: Input should be greater than or equal to 1 (got 0)"),
        ("limit=-5", 400, "limit: Input should be greater than or equal to 1 (got -5)"),
        ("limit=1001", 400, "limit: Input should be less than or equal to 1000 (got 1001)"),
        ("limit=ten", 400, "limit: Input should be a valid integer (got a string: 'ten')"),
        ("limit=1.5", 400, "limit: Input should be a valid integer"),
        ("limit=", 400, "limit: Input should be a valid integer"),
        ("limit=%D9%A3", 400, "limit: Input should be a valid integer"),
        (f"limit={'9' * 5000}", 400, "limit: Input should be a valid integer"),
        ("after_id=nobody", 404, "The model 'nobody' does not exist."),
        ("before_id=openai--gpt-oss-20", 404, "Did you mean 'openai/gpt-oss-20b'?"),
    ],
)
def test_a_mistake_in_paging(query: str, status: int, words: str) -> None:
    """It is an error in Anthropic's shape that names the parameter."""
    exchange = get(f"{LISTED}?{query}")
    assert (exchange.status, words in error_of(exchange)["message"]) == (status, True)


# ---------------------------------------------------------------------------------------------- a user's own


def test_a_users_model_is_listed_last_and_answers() -> None:
    """What is left out has a sensible value, and the model can be used at once."""
    own = {"acme/Tiny": TINY}
    model = listed(models=own)[-1]
    assert (model["id"], model["name"], set(model)) == ("acme/Tiny", "Tiny", KEYS)
    assert model["pricing"] == {**TINY["pricing"], "request": "0"}  # type: ignore[dict-item] # it is a mapping
    assert get(LISTED, models=own).json["last_id"] == "acme--Tiny"
    assert get(f"{LISTED}/acme--Tiny", models=own).json["display_name"] == "Tiny"
    assert post(CHAT, chat(model="acme/Tiny"), models=own).status == 200


def test_single_fields_of_a_known_model_can_be_changed() -> None:
    """The rest stays as it is, also inside pricing, and the place in the list too."""
    changed = listed(models={PLAIN: {"name": "Mine", "pricing": {"input": "0.5"}}})[2]
    expected = listed()[2]
    assert changed == expected | {"name": "Mine", "pricing": expected["pricing"] | {"input": "0.5"}}


def test_an_id_with_dashes_in_it_is_found_literally_first() -> None:
    """An alias stands for slashes only where no model has that very id."""
    own = {"acme/a/b": TINY, "plain": TINY}
    assert get(f"{LISTED}/acme--a--b", models=own).json["id"] == alias("acme/a/b")
    assert get(f"{LISTED}/plain", models=own).json["id"] == "plain"


@pytest.mark.parametrize("reasons", [False, True])
def test_a_users_model_reasons_if_it_says_so(reasons: bool) -> None:
    """The feature in the list is what the model does."""
    own = {"acme/Tiny": TINY | {"supported_features": ["reasoning"] if reasons else []}}
    answer = post(CHAT, chat(model="acme/Tiny"), models=own).json["choices"][0]["message"]
    assert ("reasoning_content" in answer) is reasons


@pytest.mark.parametrize("tells", [False, True])
def test_a_users_model_tells_logprobs_if_it_says_so(tells: bool) -> None:
    """A model without the feature answers null, as AkashML was seen to do, and does not refuse."""
    own = {"acme/Tiny": TINY | {"supported_features": ["logprobs"] if tells else []}}
    exchange = post(CHAT, chat(model="acme/Tiny", logprobs=True), models=own)
    assert (exchange.json["choices"][0]["logprobs"] is not None) is tells


def test_the_catalogue_is_what_is_served() -> None:
    """Nothing is listed that the catalogue does not have."""
    assert [model.id for model in Catalog.load()] == IDS
    assert json.loads(get("/v1/models").body)["data"][0]["context_length"] == 262144
