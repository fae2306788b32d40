"""Readers of texts and JSON values that may contain templates."""

from typing import Any

from emulator.scenario.language.notes import notes
from emulator.scenario.reading.mistakes import Span
from emulator.scenario.reading.readers import TEXT, VALUE, Cursor, InvalidValue, Reader, read_all
from emulator.scenario.template import Template, is_template
from emulator.scenario.types import TextOrTemplate

_MAX_PARTS = 20_000


def _read(cursor: Cursor) -> TextOrTemplate:
    text = TEXT.read(cursor)
    if not is_template(text):
        return text
    from emulator.scenario.compiler import BrokenTemplate, compiled, parts  # noqa: PLC0415 (importing Jinja2 takes time)

    if notes(cursor).template_parts > _MAX_PARTS:
        raise InvalidValue
    notes(cursor).template_parts += parts(text, _MAX_PARTS)
    if notes(cursor).template_parts > _MAX_PARTS:
        raise cursor.report(
            f"the templates of a scenario have more than {_MAX_PARTS:,} names, signs and texts together"
        )
    try:
        template = compiled(text, notes(cursor).groups)
    except BrokenTemplate as broken:
        for mistake in broken.mistakes:
            cursor.report(mistake.message, _span(cursor, mistake.line))
        raise InvalidValue from None
    return Template(template, cursor.node.span.line + 1 + cursor.node.block, cursor.node.block)


def _span(cursor: Cursor, line: int) -> Span | None:
    """A line of a template: in a block a line of the source, otherwise the text as a whole."""
    return cursor.collector.whole_line(cursor.node.span.line + 1 + line) if cursor.node.block else None


TEMPLATED_TEXT: Reader[TextOrTemplate] = Reader("text, may be a template", _read, TEXT.schema)


def _read_json(cursor: Cursor) -> Any:
    node = cursor.node
    if isinstance(node.value, str) and is_template(node.text):
        return TEMPLATED_TEXT.read(cursor)
    if node.kind == "mapping":
        return read_all({key: (TEMPLATED_JSON, inner) for key, inner in cursor.pairs("")})
    if node.kind == "sequence":
        items = {str(at): (TEMPLATED_JSON, cursor.item(at, item)) for at, item in enumerate(node.value)}
        return list(read_all(items).values())
    return VALUE.read(cursor)


TEMPLATED_JSON: Reader[Any] = Reader("a JSON value, its texts may be templates", _read_json, {})
