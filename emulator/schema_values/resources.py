"""The parts of a document with a base URI of their own, and what their drafts call them."""

from collections.abc import Iterator
from typing import Any

from emulator.schema_values.drafts import anchors, identifier, is_legacy, keywords


class Resource:
    """A schema with its own base URI and `$schema`.

    `keywords` are those of its draft; if it is `legacy`, `$ref` hides the keywords beside it.
    """

    __slots__ = ("anchors", "dialect", "identifier", "keywords", "legacy", "uri")

    def __init__(self, uri: str, dialect: str) -> None:
        self.uri = uri
        self.dialect = dialect
        self.keywords = keywords(dialect)
        self.legacy = is_legacy(dialect)
        self.identifier = identifier(dialect)
        self.anchors = anchors(dialect)

    def own_uri(self, schema: Any) -> str:
        """The URI reference by which a subschema starts a resource of its own; empty if it does not."""
        if not isinstance(schema, dict):
            return ""
        keyword = identifier(str(schema["$schema"])) if "$schema" in schema else self.identifier
        if keyword not in schema:
            return ""
        said = schema[keyword]
        if not isinstance(said, str) or said.startswith("#") or (self.legacy and "$ref" in schema):
            return ""
        return said

    def names(self, schema: dict[str, Any]) -> Iterator[str]:
        """The plain names of a subschema."""
        for keyword in self.anchors:
            if isinstance(schema.get(keyword), str):
                yield schema[keyword]
        for keyword in (self.identifier,) if self.legacy else () if self.dialect else ("$id", "id"):
            said = schema.get(keyword)
            if isinstance(said, str) and said.startswith("#"):
                yield said[1:]
