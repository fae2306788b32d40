"""The models: what is shipped, how a user's file changes it, and how its mistakes are told."""

import re
import string
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core import shipped_models
from emulator.core.catalog import Catalog, CatalogError, Model, Pricing, alias
from emulator.core.settings import Settings

SHIPPED = Catalog.load()
GLM = "zai-org/GLM-5.3"
ENTRY = {"context_length": 1000, "max_output_length": 100, "pricing": {"input": "0.1", "output": "0.2"}}

PRICE = 'expected USD, a decimal in quotes like "0.0000013"'
CREATED = "expected a time in Unix seconds, before the year 10000"

SOURCE = Path(shipped_models.__file__).read_text(encoding="utf-8")
CONTRACT = Path(__file__).parents[2] / "docs" / "contract.md"


def load(tmp_path: Path, text: str | bytes) -> Catalog:
    """Load the shipped models and over them a file of this text."""
    path = tmp_path / "models.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Catalog.load(path)


def mistakes(tmp_path: Path, text: str | bytes) -> list[str]:
    """Load a file with mistakes and give the lines that tell them, without the file's folder."""
    with pytest.raises(CatalogError) as caught:
        load(tmp_path, text)
    return str(caught.value).replace(f"{tmp_path}/", "").splitlines()


# -------------------------------------------------------------------------------------------- what is shipped


def test_a_model_has_the_fields_of_the_listing() -> None:
    """Encoded as JSON, a model is its listing, but for `object` and for `images`, which is the emulator's own."""
    listed = msgspec.json.decode(msgspec.json.encode(SHIPPED.get(GLM)))
    assert listed.pop("images") == "reject"
    assert listed.pop("description")
    assert listed == {
        "id": "zai-org/GLM-5.3",
        "created": 1785542400,
        "owned_by": "akashml",
        "name": "GLM-5.3",
        "context_length": 1048576,
        "input_modalities": ["text"],
        "output_modalities": ["text"],
        "supported_sampling_parameters": [
            "temperature",
            "top_p",
            "top_k",
            "min_p",
            "frequency_penalty",
            "presence_penalty",
            "repetition_penalty",
            "stop",
            "seed",
        ],
        "supported_features": ["tools", "json_mode", "structured_outputs", "logprobs", "reasoning"],
        "max_output_length": 131072,
        "quantization": "fp8",
        "pricing": {"input": "0.0000013", "output": "0.0000044", "request": "0", "input_cache_read": "0.00000026"},
    }


@pytest.mark.parametrize("model", list(SHIPPED), ids=lambda model: model.id)
def test_every_shipped_model_is_complete_and_believable(model: Model) -> None:
    """A shipped model says all that the listing has, answers within its context, and has prices per single token."""
    assert model.name
    assert model.description
    assert model.created > 0
    assert model.max_output_length < model.context_length
    assert model.quantization in {"int4", "int8", "fp4", "fp6", "fp8", "fp16", "bf16", "fp32"}
    assert Decimal("1e-8") <= Decimal(model.pricing.input) < Decimal(model.pricing.output) < Decimal("2e-5")
    assert (model.images == "read") == ("image" in model.input_modalities)


def test_the_shipped_models_are_as_a_file_of_models() -> None:
    """They follow the rules of a user's file: nothing in them would be a mistake there."""
    assert Catalog().with_models(shipped_models.MODELS) == SHIPPED


def test_only_llama_does_not_reason() -> None:
    """Every shipped model reasons but Llama, as was observed."""
    assert [model.id for model in SHIPPED if not model.reasons] == ["meta-llama/Llama-3.3-70B-Instruct"]


def test_what_a_model_supports_follows_from_its_features() -> None:
    """A model without features supports nothing; each feature gives what it names."""

    def supports(*features: str) -> list[bool]:
        model = SHIPPED.with_models({GLM: {"supported_features": features}}).get(GLM)
        assert model is not None
        return [model.reasons, model.supports_logprobs]

    assert supports() == [False, False]
    assert supports("reasoning", "tools") == [True, False]
    assert supports("tools", "logprobs") == [False, True]


def test_every_figure_says_where_it_comes_from() -> None:
    """Each line of the shipped models with a figure or an observation ends in a comment that names its source."""
    source = re.compile(r"  # (listed|docs|probed|openrouter|models\.dev|assumed)\b")
    keys = "name|created|context_length|max_output_length|input_modalities|quantization|input|output|input_cache_read"
    lines = re.findall(rf"^ +\"(?:{keys}|images)\": .*", SOURCE, re.MULTILINE)
    assert len(lines) > 8 * len(SHIPPED.models)
    assert [line for line in lines if not source.search(line)] == []


def test_the_contract_lists_the_shipped_models() -> None:
    """The table of models in docs/contract.md has the shipped models and their figures, in the same order."""

    def row(model: Model) -> str:
        prices = (model.pricing.input, model.pricing.output, model.pricing.input_cache_read)
        per_million = [f"{(Decimal(price) * 1_000_000).normalize():f}" if price else "none" for price in prices]
        lengths = [f"{model.context_length:,}", f"{model.max_output_length:,}"]
        reasons = "yes" if model.reasons else "no"
        return f"| {' | '.join([model.id, *lengths, *per_million, model.quantization, model.images, reasons])} |"

    _, section = CONTRACT.read_text(encoding="utf-8").replace("*", "").split("\n## Models\n")
    table = section.partition("\n| id |")[2].partition("\n\n")[0]
    assert table.splitlines()[2:] == [row(model) for model in SHIPPED]


def test_the_contract_lists_the_settings() -> None:
    """The table of settings in docs/contract.md has every setting with its default."""
    _, section = CONTRACT.read_text(encoding="utf-8").split("\n## Settings\n")
    rows = [[cell.strip() for cell in line.split("|")] for line in section.splitlines() if line.startswith("| ")]
    defaults = {field.name: field.default for field in msgspec.structs.fields(Settings)}
    assert {row[1]: row[3] for row in rows[1:]} == {name: told(default) for name, default in defaults.items()}


def told(default: object) -> str:
    """Write a default for people."""
    return "none" if default == () else str(default).lower() if isinstance(default, bool) else str(default)


# ----------------------------------------------------------------------------------------------- looking up


def test_an_id_is_looked_up_exactly() -> None:
    """Without `aliased`, only the very id finds a model: not its alias, not another case."""
    assert SHIPPED.get(GLM) is SHIPPED.models[GLM]
    assert SHIPPED.get("zai-org--GLM-5.3") is None
    assert SHIPPED.get("zai-org/glm-5.3", aliased=True) is None
    assert SHIPPED.get("", aliased=True) is None


@pytest.mark.parametrize("model", list(SHIPPED), ids=lambda model: model.id)
def test_both_forms_of_an_id_find_the_model(model: Model) -> None:
    """With `aliased`, the slashed id and the listed alias find the same model."""
    assert "/" not in alias(model.id)
    assert SHIPPED.get(model.id, aliased=True) is SHIPPED.get(alias(model.id), aliased=True) is model


def test_the_literal_id_comes_before_the_alias() -> None:
    """Where an id is literally known, it is not read as an alias of another."""
    literal, slashed = (Model(id, 1, 1, Pricing("0", "0")) for id in ("a--b", "a/b"))
    assert Catalog({"a--b": literal, "a/b": slashed}).get("a--b", aliased=True) is literal


@pytest.mark.parametrize(
    ("id", "near"),
    [
        ("zai-org/GLM-5.2", GLM),
        ("zai-org--GLM-5.2", GLM),
        ("openai/gpt-oss", "openai/gpt-oss-20b"),
        ("gpt-4o", None),
        ("", None),
    ],
)
def test_the_nearest_id_is_the_one_that_was_meant(id: str, near: str | None) -> None:
    """A mistyped id has a nearest one; an id of another kind has none."""
    assert SHIPPED.nearest(id) == near


@given(st.text("ab-/", min_size=1, max_size=8))
def test_the_alias_of_an_accepted_id_leads_back_to_it(id: str) -> None:
    """Whatever id a user's file may have: its alias finds it, so no two models share an alias."""
    try:
        catalog = SHIPPED.with_models({id: ENTRY})
    except CatalogError:
        assert alias(id).replace("--", "/") != id
    else:
        assert catalog.get(alias(id), aliased=True) is catalog.models[id]


# ------------------------------------------------------------------------------------- a user's file adds to it


def test_single_fields_of_a_known_model_are_replaced(tmp_path: Path) -> None:
    """A field in a user's file replaces that one, also inside pricing; the rest and the order stay."""
    catalog = load(tmp_path, f'{GLM}: {{context_length: 9, pricing: {{input: "1.50", input_cache_read: null}}}}')
    known, changed = SHIPPED.get(GLM), catalog.get(GLM)
    assert known is not None
    assert changed == msgspec.structs.replace(
        known, context_length=9, pricing=Pricing("1.50", known.pricing.output, "0", None)
    )
    assert [model for model in catalog if model is not changed] == [model for model in SHIPPED if model is not known]
    assert list(catalog.models) == list(SHIPPED.models)


def test_a_new_model_goes_last_and_needs_little(tmp_path: Path) -> None:
    """A new model needs lengths and prices; the rest has defaults, its name being the last part of its id."""
    new = list(
        load(tmp_path, 'acme/Tiny: {context_length: 9, max_output_length: 3, pricing: {input: "1", output: "2"}}')
    )
    assert new[:-1] == list(SHIPPED)
    assert new[-1] == Model("acme/Tiny", 9, 3, Pricing("1", "2"), name="Tiny")


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "{}"])
def test_a_file_without_models_changes_nothing(tmp_path: Path, text: str) -> None:
    """An empty file, or one of comments only, is a file without models."""
    assert load(tmp_path, text) == SHIPPED


def test_a_catalog_does_not_change() -> None:
    """A change makes another catalog; the first one refuses to be written to."""
    changed = SHIPPED.with_models({GLM: {"name": "other"}})
    assert SHIPPED == Catalog.load() != changed
    with pytest.raises(TypeError):
        changed.models["a/b"] = changed.models[GLM]  # type: ignore[index]
    with pytest.raises(AttributeError):
        changed.models[GLM].name = "another"  # type: ignore[misc]


@given(st.from_regex(r"[0-9]{1,12}(\.[0-9]{1,20})?", fullmatch=True))
def test_a_price_is_kept_as_it_was_written(price: str) -> None:
    """A plain decimal is neither rounded nor respelled."""
    model = SHIPPED.with_models({GLM: {"pricing": {"output": price}}}).get(GLM)
    assert model is not None
    assert model.pricing.output == price


# ------------------------------------------------------------------------------------------- mistakes are told


@pytest.mark.parametrize(
    ("fields", "mistake"),
    [
        ("contxt_length: 5", 'contxt_length: unknown key; did you mean "context_length"?'),
        ("pricing: {outptu: '1'}", 'pricing: outptu: unknown key; did you mean "output"?'),
        ("pricing: {5: 1}", "pricing: 5: unknown key; expected input, output, request, input_cache_read"),
        ("context_length: 1M", "context_length: expected a number of tokens, 1 or more, got '1M'"),
        ("context_length: 0", "context_length: expected a number of tokens, 1 or more, got 0"),
        ("context_length: true", "context_length: expected a number of tokens, 1 or more, got True"),
        ("max_output_length: -1", "max_output_length: expected a number of tokens, 1 or more, got -1"),
        ("max_output_length: 1.5", "max_output_length: expected a number of tokens, 1 or more, got 1.5"),
        ("created: -1", f"created: {CREATED}, got -1"),
        ("created: 253402300800", f"created: {CREATED}, got 253402300800"),
        (
            "created: 2026-08-01",
            f"created: {CREATED}, got datetime.date(2026, 8, 1)",
        ),
        ("name: 5", "name: expected a text, got 5"),
        ("quantization: null", "quantization: expected a text, got None"),
        ("images: maybe", "images: expected read, drop or reject, got 'maybe'"),
        (
            "input_modalities: [txt]",
            "input_modalities: expected a list of text, image, audio, video and file, got ['txt']",
        ),
        (
            "supported_features: tools",
            "supported_features: expected a list of words, such as [tools, reasoning], got 'tools'",
        ),
        ("pricing: free", "pricing: expected a mapping of fields, got 'free'"),
        ("pricing: {input: 1}", f"pricing: input: {PRICE}, got 1"),
        ("pricing: {input: 0.0000013}", f"pricing: input: {PRICE}, got 1.3e-06"),
        ("pricing: {input: '1e-6'}", f"pricing: input: {PRICE}, got '1e-6'"),
        ("pricing: {request: '-1'}", f"pricing: request: {PRICE}, got '-1'"),
        ("pricing: {request: '1.'}", f"pricing: request: {PRICE}, got '1.'"),
        ("pricing: {output: '٣'}", f"pricing: output: {PRICE}, got '٣'"),
        ('pricing: {output: "1\\n"}', f"pricing: output: {PRICE}, got '1\\n'"),
        (
            "pricing: {input_cache_read: 5}",
            "pricing: input_cache_read: expected a price as `input` has it, or null, got 5",
        ),
    ],
)
def test_a_wrong_field_is_told_in_one_line(tmp_path: Path, fields: str, mistake: str) -> None:
    """The line has the file, the model, the key, what was expected and what came, or the key that was meant."""
    assert mistakes(tmp_path, f"{GLM}: {{{fields}}}") == [f"models.yaml: {GLM}: {mistake}"]


@pytest.mark.parametrize("id", [5, "a b", "", "a--b", "a-/b"])
def test_an_id_must_be_one_that_can_be_asked_for(id: object) -> None:
    """An id that a request could not name, or whose alias would mean another id, is a mistake."""
    with pytest.raises(CatalogError) as caught:
        SHIPPED.with_models({id: ENTRY}, "models.yaml")
    assert str(caught.value) == f'models.yaml: {id}: expected an id without spaces, "--" and "-/", got {id!r}'


def test_a_mistyped_id_is_told_with_the_id_that_was_meant(tmp_path: Path) -> None:
    """Fields for an unknown id that are too few for a new model suggest the known one."""
    (line,) = mistakes(tmp_path, "zai-org/GLM-53: {context_length: 9}")
    where, told = "models.yaml: zai-org/GLM-53", "a new model needs max_output_length, pricing as well"
    assert line == f'{where}: {told}; did you mean "zai-org/GLM-5.3"?'


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """One loading tells every mistake of the file, in the file's order."""
    text = f"""
        {GLM}: {{images: yes, nmae: x, pricing: {{input: 5}}}}
        acme/Tiny: {{pricing: {{input: "1"}}}}
        acme/Small:
        """
    assert mistakes(tmp_path, text) == [
        "models.yaml: zai-org/GLM-5.3: images: expected read, drop or reject, got True",
        'models.yaml: zai-org/GLM-5.3: nmae: unknown key; did you mean "name"?',
        "models.yaml: zai-org/GLM-5.3: pricing: input: " + PRICE + ", got 5",
        "models.yaml: acme/Tiny: pricing: a new model needs output as well",
        "models.yaml: acme/Tiny: a new model needs context_length, max_output_length as well",
        "models.yaml: acme/Small: expected a mapping of fields, got None",
    ]


def test_each_mistake_says_its_place() -> None:
    """Beside the text, the error has the place of every mistake, for a caller that knows lines and columns."""
    with pytest.raises(CatalogError, match=r"^hello\.yaml: models: zai-org/GLM-5\.3: pricing: inptu: ") as caught:
        SHIPPED.with_models({GLM: {"pricing": {"inptu": "1"}}}, "hello.yaml: models")
    assert caught.value.mistakes == ((("zai-org/GLM-5.3", "pricing", "inptu"), 'unknown key; did you mean "input"?'),)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("a: {", "cannot be read: while parsing a flow node did not find expected node content in "),
        ("a: {}\na: {}\n", "cannot be read: a is given twice in the mapping that begins in "),
        ("a: {name: x, name: y}", "cannot be read: name is given twice in the mapping that begins in "),
        ("a: 2026-13-45", "cannot be read: month must be in 1..12"),
        ("a: !!python/name:os.system", "cannot be read: could not determine a constructor for the tag "),
        ("? [a]\n: 5", "cannot be read: while constructing a mapping in "),
        (b"\xff", "cannot be read: "),
        ("- a", "expected a mapping of ids to fields, got ['a']"),
        ("just a text", "expected a mapping of ids to fields, got 'just a text'"),
    ],
)
def test_a_file_that_is_no_mapping_of_models_is_told_in_one_line(
    tmp_path: Path, text: str | bytes, mistake: str
) -> None:
    """What is not YAML, repeats a key, or is something else altogether is one mistake of the file."""
    (line,) = mistakes(tmp_path, text)
    assert line.startswith(f"models.yaml: {mistake}")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """A file that cannot be opened is a mistake like any other."""
    with pytest.raises(CatalogError, match=r"missing\.yaml: cannot be read: .*No such file"):
        Catalog.load(tmp_path / "missing.yaml")


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(string.printable, max_size=5) | st.dates()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(scalars, inner, max_size=3), max_leaves=8
)
keys = st.sampled_from([*Model.__struct_fields__, *Pricing.__struct_fields__])
entries = st.dictionaries(keys, values | st.dictionaries(keys, values, max_size=4), max_size=5)


@given(st.dictionaries(st.sampled_from([GLM, "acme/Tiny", 5, None]), entries | values, max_size=3) | values)
def test_whatever_is_given_is_taken_or_explained(models: object) -> None:
    """Any YAML value either makes a catalog of valid models or a CatalogError with at least a line; never a crash."""
    try:
        catalog = SHIPPED.with_models(models)
    except CatalogError as error:
        assert str(error)
    else:
        assert msgspec.convert(msgspec.to_builtins(list(catalog)), list[Model]) == list(catalog)
