"""JSON that a text asks for: by a JSON Schema, by an example, by its keys, or as an array."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from emulator.core.seeds import Seed
from emulator.generator.arithmetic import count
from emulator.generator.requested.asked import Asked, Make
from emulator.generator.requested.described import described, is_schema, quotations, shown
from emulator.generator.requested.instructed import instructed
from emulator.generator.requested.reading import objects, sketch
from emulator.generator.requested.things import things

_NEAR = 400
_DEMAND = re.compile(
    r"\b(?:respond|repl(?:y|ies)|answer|return|output|produce|generate|provide|give|create|write|extract|emit"
    r"|format(?:ted)?|match(?:es|ing)?|conform\w*|adher\w*|compl(?:y|ies|iant)|follow(?:s|ing)?|according|instance"
    r"|must|should)\b",
    re.IGNORECASE,
)
_INTRODUCED = re.compile(
    r"(?:\b(?:format|schema|structure|shape|template|like|form|respond|return|reply|output|answer|as|with|only|using"
    r"|follow(?:s|ing)?|object|example|e\.g\.|fields?|keys?|produce|generate|must be|response|exactly)\b)"
    r"(?:[^{}.?!]|[.!](?=\s*\n)){0,80}(?:```\w*)?\s*$",
    re.IGNORECASE,
)
_ANSWERED = re.compile(
    r"\b(?:respond|repl(?:y|ies)|answer|return|output|produce|generate|provide|give|create|extract|emit|format|structure"
    r"|schema|must be|should be|like this|follow)",
    re.IGNORECASE,
)
_IN_JSON = re.compile(
    r"(?:^|[.!?,:;\n]\s*|\b(?:please|you|and|must|only|always|then|just|me) )"
    r"(?:respond|reply|answer|return|output|give|write|produce|provide|generate|format|extract|list|name|create)\b"
    r"[^.?!\n]{0,120}?\bjson\b|\bjson (?:only|output)\b|\bonly (?:valid )?json\b|\bas (?:an? |valid )*json\b",
    re.IGNORECASE,
)
_SPEAKS_OF = re.compile(
    r"(?:\b(?:about|between|than|from|for|on|alternatives? to|introduction to|work with|deal with|help with)|ing with"
    r"|(?<!\blist )(?<!\barray )\bof|\b(?:not?|without|never|instead of)(?: in| as| with| any)?)"
    r"(?: an?| the| some| my| our| your)?\s*\Z",
    re.IGNORECASE,
)
_ASKS_ABOUT = re.compile(
    r"^\W*(?:how|why|what|which|does|do|is|are|should|when|explain)\b[^.?!\n]*\bjson\b"
    r"|\bjson\b[^.?!\n]*\b(?:is|are|was|looks?|seems?) (?:wrong|missing|invalid|broken)\b",
    re.IGNORECASE | re.MULTILINE,
)
_FENCED = re.compile(
    r"```(?:json)?[\"'` ]*\s*(?:code ?)?block"
    r"|(?:in|within|inside|with|using|as)(?: an?| the)?(?: markdown| json| fenced)* code ?(?:block|fence)"
    r"|```json\b[^`]{0,40}\b(?:fence|block)",
    re.IGNORECASE,
)
_UNFENCED = re.compile(
    r"(?:no|without|not|n't|never)\b[^.?!\n]{0,60}(?:markdown|code ?block|code ?fence|fences|backticks|```)"
    r"|only (?:valid |raw )?json",
    re.IGNORECASE,
)
_ARRAY = re.compile(
    r"\bjson (?:array|list)\b(?: (?:of|with|containing)\b)?(?P<of>[^.?!\n]{0,80})"
    r"|\b(?:array|list) of (?=[^.?!\n]{0,60}\bjson\b)(?:json )?(?P<other>\w+)",
    re.IGNORECASE,
)
_COUNT = re.compile(r"\b(\d{1,2}|two|three|four|five|six|seven|eight|nine|ten)\b", re.IGNORECASE)
_KEY_WORD = re.compile(r"\b(?:keys?|fields?|properties|property|attributes?)\b", re.IGNORECASE)
_ABOUT_JSON = re.compile(r"\bjson\b[^.?!\n]{0,200}", re.IGNORECASE)
_KEYS_BEFORE = re.compile(
    r"(?:\b(?:keys?|fields?|properties|property|attributes?)\b|\bjson\b[^.?!\n]{0,40}\b(?:with|containing|having|has|of))"
    r"[^.?!\"'`“]{0,60}$",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.?!]\s")
_GAP = re.compile(r"(?:(?![.?!]\s|\n\s*\n).){0,120}", re.DOTALL)
_BARE_KEYS = re.compile(
    r"\b(?:keys?|fields?|properties|attributes)\b(?: named| called|:| are)?[:\s]*"
    r"((?:\w+(?:,\s*(?:and )?|\s+and\s+)){0,20}\w+)"
    r"|\bjson(?: objects?)?,? (?:with|containing|having)\s+((?:\w+(?:,\s*(?:and )?|\s+and\s+)(?!no\b)){1,20}\w+)",
    re.IGNORECASE,
)
_NAMED_KEYS = re.compile(r"\b(?:an?|the) (\w+) (?:key|field|property|attribute)\b", re.IGNORECASE)
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s*[*`\"']*([\w.-]+)[*`\"']*\s*(?:\(([^)\n]*)\))?\s*(?:[:–—-]\s*(.*))?$")
_LITTLE = frozenset(
    ["the", "these", "following", "this", "that", "and", "or", "are", "in", "only", "to", "for", "is", "of"]
)


def find(asked: Asked) -> Make | None:
    """The answer in JSON that a request asks for, if it does."""
    forced = asked.request.response_format.kind == "json_object"
    schema = next(_schemas(asked, forced), None)
    if schema is None:
        return None
    fenced = not forced and bool(_FENCED.search(asked.whole)) and not _UNFENCED.search(asked.whole)

    def make(seed: Seed) -> str:
        value = asked.value(schema, seed.child("format"), _about(asked))
        if forced and not isinstance(value, dict):
            raise ValueError("a JSON object was asked for")
        text = written(value)
        return f"```json\n{text}\n```" if fenced else text

    return make


def written(value: Any) -> str:
    """A value as JSON. Raises ValueError for a number that JSON does not have."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return text if text.isprintable() or text.encode("utf-8", "replace").decode() == text else json.dumps(value)


def _about(asked: Asked) -> str:
    """What the user said, without the JSON in it."""
    text = asked.user
    for found in reversed(objects(text)):
        text = text[: found.start] + text[found.end :]
    return re.sub(r"\bJSON\b", "", text)


def _schemas(asked: Asked, forced: bool) -> Iterator[Mapping[str, Any]]:
    """The schemas of what is asked for; first those that say the most."""
    for reader in (_schema, _example, _array, _keys):
        texts = asked.texts if reader is _schema else () if asked.is_about_code and not forced else asked.instructions
        for text in texts:
            if forced or "json" in text.lower() or "{" in text:
                found = reader(text, forced)
                if found is not None and reader is not _schema and not forced:
                    found = reader(instructed(text), forced)
                if found is not None:
                    yield found


def _schema(text: str, forced: bool) -> Mapping[str, Any] | None:
    """The last JSON Schema in a text that says to follow it."""
    for found in reversed(objects(text)):
        if is_schema(found.value):
            around = text[max(found.start - _NEAR, 0) : found.start] + text[found.end : found.end + _NEAR]
            return found.value if forced or _DEMAND.search(around) else None
    return None


def _example(text: str, forced: bool) -> Mapping[str, Any] | None:
    """The schema of the first example of an object that a text introduces."""
    if not forced and (_ASKS_ABOUT.search(text) or not re.search(r"\bjson\b|\bobject\b|```", text, re.IGNORECASE)):
        return None
    for brace in list(re.finditer(r"\{", text))[:8]:
        before = text[max(brace.start() - _NEAR, 0) : brace.start()]
        if not (_INTRODUCED.search(before[-120:]) and (forced or _ANSWERED.search(before))):
            continue
        found = sketch(text, brace.start())
        if found and found.value and not is_schema(found.value):
            example = shown(found.value)
            if re.search(r"\[\s*$", text[max(brace.start() - 10, 0) : brace.start()]) and not forced:
                return {"type": "array", "items": example, "minItems": 1, "maxItems": 4}
            return example
    return None


def _keys(text: str, forced: bool) -> Mapping[str, Any] | None:
    """The schema of an object with the keys that a text names, or of any object if it only asks for JSON."""
    wanted = _wants_json(text)
    if _ASKS_ABOUT.search(text) or not (
        wanted or any(_KEY_WORD.search(found[0]) for found in _ABOUT_JSON.finditer(text))
    ):
        return None
    properties = _quoted_keys(text) or _listed_keys(text) or _bare_keys(text)
    if not properties:
        return None if forced or not wanted else _ANY
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _wants_json(text: str) -> bool:
    """Whether JSON is what to answer with, and not what to speak of."""
    return any(not _SPEAKS_OF.search(found[0].lower().rpartition("json")[0]) for found in _IN_JSON.finditer(text))


_ANY: Mapping[str, Any] = {
    "type": "object",
    "properties": {"topic": {"type": "string"}, "answer": {"type": "string"}},
    "required": ["topic", "answer"],
}


def _quoted_keys(text: str) -> Mapping[str, Any]:
    """Keys in quotes of one style that follow one another, beside a word such as "keys"."""
    found = quotations(text)
    for style in dict.fromkeys(match.lastindex for match in found):
        for chain in _chains(text, [match for match in found if match.lastindex == style]):
            if _are_keys(text, chain):
                ends = [match.start() for match in chain[1:]] + [chain[-1].end() + 60]
                return {
                    str(match[style or 0]): _described(_SENTENCE.split(text[match.end() : end])[0].strip(" ,;:"))
                    for match, end in zip(chain, ends, strict=True)
                }
    return {}


def _chains(text: str, found: Sequence[re.Match[str]]) -> list[list[re.Match[str]]]:
    """The quotations, parted where a sentence ends between two of them."""
    chains: list[list[re.Match[str]]] = []
    for match in found:
        if chains and _GAP.fullmatch(text[chains[-1][-1].end() : match.start()]):
            chains[-1].append(match)
        else:
            chains.append([match])
    return chains


def _described(text: str) -> Mapping[str, Any]:
    """The schema of a value, which its name decides if nothing is said of its type."""
    found = described(text)
    return (
        {} if found == {"type": "string"} and not re.search(r"\b(?:str|string|text)\b", text, re.IGNORECASE) else found
    )


def _are_keys(text: str, chain: Sequence[re.Match[str]]) -> bool:
    start, end = chain[0].start(), chain[-1].end()
    between = any(_KEY_WORD.search(text[one.end() : other.start()]) for one, other in pairwise(chain))
    after = re.match(r"[^.?!\n]{0,30}\b(?:keys?|fields?|properties|property|attributes?)\b", text[end:], re.IGNORECASE)
    return bool(between or after or _KEYS_BEFORE.search(text[max(start - 160, 0) : start]))


def _listed_keys(text: str) -> Mapping[str, Any]:
    """Keys that stand in a list below a word such as "keys"."""
    for word in _KEY_WORD.finditer(text):
        lines = text[word.end() :].split("\n")[1:40]
        found: dict[str, Any] = {}
        for line in lines:
            bullet = _BULLET.match(line)
            if bullet:
                found[bullet[1]] = _described(" ".join(filter(None, (bullet[2], bullet[3]))))
            elif found or line.strip():
                break
        if found:
            return found
    return {}


def _bare_keys(text: str) -> Mapping[str, Any]:
    names: list[str] = _NAMED_KEYS.findall(text)
    if (found := _BARE_KEYS.search(text)) and not names:
        names = re.findall(r"\w+", found[1] or found[2])
    return {name: {} for name in dict.fromkeys(names) if name.lower() not in _LITTLE}


def _array(text: str, forced: bool) -> Mapping[str, Any] | None:
    """The schema of a JSON array that a text asks for."""
    found = None if forced else _ARRAY.search(text)
    if not found or not _wants_json(text) or _ASKS_ABOUT.search(text):
        return None
    of = (found["of"] or found["other"] or "").strip()
    if re.search(r"\bobjects\b", of):
        items = _keys(text, forced) or {"type": "object"}
    elif known := things(text):
        items = {"enum": known}
    else:
        kind = re.search(r"\b(strings?|integers?|numbers?|floats?|booleans?)\b", of)
        items = described(kind[1].rstrip("s")) if kind else {"type": "string"}
    told = _COUNT.search(of) or _COUNT.search(text)
    if not told:
        return {"type": "array", "items": items, "minItems": 2, "maxItems": 5, "uniqueItems": True}
    size = count(told[1])
    return {"type": "array", "items": items, "minItems": size, "maxItems": size, "uniqueItems": True}
