"""Schemas as nodes of a document: each has a pointer, a base URI, subschemas and references.

Everything is resolved on first use, so unused definitions cost nothing. References follow JSON Schema 2020-12, section
8.2, and the older spellings (`id`, `definitions`, `$recursiveRef`). A reference to another document allows any value,
unless it is a published metaschema.
"""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote, urljoin

from emulator.patterns import Pattern
from emulator.schema_values.budget import Budget
from emulator.schema_values.errors import Malformed
from emulator.schema_values.metaschemas import is_metaschema, metaschema
from emulator.schema_values.positions import escape, subschemas
from emulator.schema_values.resources import Resource

_PATH = 3
"""With fewer resources, none stands between the root and another one."""

_INDEX_DIGITS = 10
"""An index in a JSON pointer has fewer digits."""


class SchemaNode:
    """One schema (a dict or a boolean) of a document, which may refer to another one by `$ref`.

    There is one node per dict, so nodes compare by identity.
    """

    __slots__ = ("_key", "_parent", "cache", "document", "refers", "resource", "schema", "test")

    def __init__(
        self, document: "Document", schema: Any, resource: Resource, parent: "SchemaNode | None", key: str
    ) -> None:
        self.document = document
        self.schema = schema
        self.resource = resource
        self.refers = isinstance(schema, dict) and "$ref" in schema
        self.cache: dict[Any, Any] = {}
        self.test: Callable[[Any], bool] | None = None
        self._parent = parent
        self._key = key

    @property
    def pointer(self) -> str:
        """The location of the schema, as a JSON pointer in a URI fragment (RFC 6901, section 6)."""
        keys: list[str] = []
        node: SchemaNode | None = self
        while node is not None:
            keys.append(node._key)
            node = node._parent
        return "/".join(reversed(keys))

    @property
    def title(self) -> str:
        """The name of a definition, such as `Person` for `#/$defs/Person`; empty for other schemas."""
        container, _, name = self._key.rpartition("/")
        return name if container.endswith(("$defs", "definitions", "schemas")) else ""

    @property
    def hides_siblings(self) -> bool:
        """Whether only `$ref` counts, as up to draft 7. Values are also built for what stands beside it if possible."""
        return self.refers and self.document.exact and self.resource.legacy

    def says(self, keyword: str) -> bool:
        """Whether the schema has that keyword."""
        return isinstance(self.schema, dict) and keyword in self.schema

    def child(self, keyword: str) -> "SchemaNode":
        """The subschema under a keyword. Raises Malformed if it is neither an object nor a boolean."""
        found: SchemaNode | None = self.cache.get(keyword)
        if found is None:
            found = self.cache[keyword] = self.document.node(self.schema[keyword], self, keyword)
        return found

    def children(self, keyword: str) -> "list[SchemaNode]":
        """The list of subschemas under a keyword; empty if it is absent. Raises Malformed if it is not a list."""
        found: list[SchemaNode] | None = self.cache.get(keyword)
        if found is None:
            listed = self.typed(keyword, list, "an array of schemas") if self.says(keyword) else ()
            found = [self.document.node(schema, self, f"{keyword}/{at}") for at, schema in enumerate(listed)]
            self.cache[keyword] = found
        return found

    def members(self, keyword: str) -> "dict[str, SchemaNode]":
        """The subschemas under a keyword, by name; empty if it is absent. Raises Malformed if it is not an object."""
        found: dict[str, SchemaNode] | None = self.cache.get(keyword)
        if found is None:
            named = self.typed(keyword, dict, "an object") if self.says(keyword) else {}
            found = {
                name: self.document.node(schema, self, f"{keyword}/{escape(name)}") for name, schema in named.items()
            }
            self.cache[keyword] = found
        return found

    def names(self, keyword: str) -> list[str]:
        """The list of strings under a keyword; empty if absent or a boolean. Raises Malformed for other values."""
        found: list[str] | None = self.cache.get(keyword)
        if found is None:
            found = []
            if self.says(keyword) and not isinstance(self.schema[keyword], bool):
                found = self.typed(keyword, list, "an array of strings")
                self.document.budget.spend(len(found) // 8)
            if not all(isinstance(name, str) for name in found):
                raise Malformed(f"{self.pointer}/{keyword}", "must be an array of strings")
            self.cache[keyword] = found
        return found

    def needs(self, keyword: str) -> dict[str, list[str]]:
        """The lists of names in `dependentRequired` or `dependencies`, by name. Raises Malformed for anything else."""
        known: dict[str, list[str]] | None = self.cache.get(("needs", keyword))
        if known is not None:
            return known
        found = {}
        for name, others in self.typed(keyword, dict, "an object").items():
            self.document.budget.spend(1 + (len(others) // 8 if isinstance(others, list) else 0))
            listed = [others] if isinstance(others, str) else others
            if isinstance(listed, list) and all(isinstance(other, str) for other in listed):
                found[name] = listed
            elif not isinstance(listed, dict | bool):
                raise Malformed(f"{self.pointer}/{keyword}/{escape(name)}", "must be an array of strings")
        self.cache["needs", keyword] = found
        return found

    def dependents(self, keyword: str) -> "dict[str, SchemaNode]":
        """The schemas in `dependentSchemas` or `dependencies`, by name."""
        found: dict[str, SchemaNode] | None = self.cache.get(keyword)
        if found is None:
            said = self.typed(keyword, dict, "an object")
            found = self.cache[keyword] = {
                name: self.document.node(schema, self, f"{keyword}/{escape(name)}")
                for name, schema in said.items()
                if isinstance(schema, dict | bool)
            }
        return found

    def typed(self, keyword: str, kind: type | tuple[type, ...], article: str) -> Any:
        """The value of a keyword. Raises Malformed if it is not of the type `kind`, which `article` names."""
        value = self.schema[keyword]
        if not isinstance(value, kind):
            raise Malformed(f"{self.pointer}/{keyword}", f"must be {article}")
        return value

    def target(self, keyword: str) -> "SchemaNode":
        """The target of `$ref`, `$dynamicRef` or `$recursiveRef`. Raises Malformed if there is none."""
        key = ("target", keyword)
        found: SchemaNode | None = self.cache.get(key)
        if found is None:
            found = self.cache[key] = self.document.resolve(self, keyword)
        return found


class Document:
    """A root schema and its nodes. All work on it is counted in `budget`, a new one unless another is given.

    With `formats`, validation asserts `format`. With `exact`, it uses only the keywords of the declared draft;
    otherwise `mixed` is set if it has met others, or keywords that `$ref` hides.
    """

    def __init__(
        self, schema: Any, budget: Budget | None = None, *, formats: bool = False, exact: bool = False
    ) -> None:
        self.budget = budget or Budget()
        self.formats = formats
        self.exact = exact
        self.mixed = False
        self.verdicts: dict[tuple[int, int], tuple[Any, bool | None]] = {}
        self._nodes: dict[int, SchemaNode] = {}
        self._anchors: dict[tuple[str, str], SchemaNode] = {}
        self._indexed = False
        self._resources: dict[str, SchemaNode] = {}
        self._roots: dict[Resource, SchemaNode] = {}
        self.anything = SchemaNode(self, True, Resource("", ""), None, "#")
        self.root = self._resource(schema, None, "#")

    def compiled(self, pattern: str) -> Pattern:
        """Compile a pattern. Raises ValueError for an invalid regular expression."""
        self.budget.read(pattern)
        return self.budget.searches.compiled(pattern)

    def matches(self, pattern: str, text: str) -> bool:
        """Whether the pattern matches anywhere in the text. Raises ValueError for an invalid regular expression."""
        self.budget.spend(1 + len(text) // 64)
        self.budget.read(pattern)
        return self.budget.searches.matches(pattern, text)

    def node(self, schema: Any, parent: SchemaNode, key: str) -> SchemaNode:
        """The node of a subschema, which is created on first use."""
        self.budget.spend(2)
        if isinstance(schema, bool):
            return SchemaNode(self, schema, parent.resource, parent, key)
        if not isinstance(schema, dict):
            raise Malformed(f"{parent.pointer}/{key}", "a schema must be an object or a boolean")
        found = self._nodes.get(id(schema))
        if found is None:
            if parent.resource.own_uri(schema):
                return self._resource(schema, parent, key)
            found = self._nodes[id(schema)] = SchemaNode(self, schema, parent.resource, parent, key)
        return found

    def derived(self, schema: dict[str, Any], origin: SchemaNode) -> SchemaNode:
        """The node of a schema that was derived from another one, with the location of the original."""
        self.budget.spend(2)
        found = self._nodes[id(schema)] = SchemaNode(self, schema, origin.resource, origin._parent, origin._key)
        return found

    def _resource(self, schema: Any, parent: SchemaNode | None, key: str) -> SchemaNode:
        said = schema if isinstance(schema, dict) else {}
        dialect = said.get("$schema", parent.resource.dialect if parent else "")
        base = parent.resource.uri if parent else ""
        resource = Resource(base, dialect if isinstance(dialect, str) else "")
        resource.uri = self._join(base, resource.own_uri(said))
        root = self._nodes[id(schema)] = self._roots[resource] = SchemaNode(self, schema, resource, parent, key)
        self._resources.setdefault(resource.uri, root)
        return root

    # ------------------------------------------------------------------------------------------ references

    def resolve(self, node: SchemaNode, keyword: str) -> SchemaNode:
        """The node to which a reference of this node points."""
        reference = node.typed(keyword, str, "a string")
        found = self._find(node, reference)
        if found is None:
            raise Malformed(f"{node.pointer}/{keyword}", f"{reference!r} leads nowhere")
        if keyword == "$ref" or found is self.anything:
            return found
        return self._outermost(node, found, keyword, reference.rpartition("#")[2])

    def _outermost(self, node: SchemaNode, found: SchemaNode, keyword: str, anchor: str) -> SchemaNode:
        """The dynamic anchor of this name in the outermost resource through which the node is reached."""
        if keyword == "$recursiveRef":
            return self.root if all(_says(node, "$recursiveAnchor", True) for node in (found, self.root)) else found
        if not _says(found, "$dynamicAnchor", anchor):
            return found
        for resource in self._path(node):
            candidate = self._anchor(resource, anchor)
            if candidate is not None and _says(candidate, "$dynamicAnchor", anchor):
                return candidate
        return found

    def _path(self, wanted: SchemaNode) -> Iterator[Resource]:
        """The resources through which a node is reached from the root, in the way that is found first."""
        yield self.root.resource
        if len(self._resources) < _PATH:
            return
        todo: list[tuple[SchemaNode, tuple[Resource, ...]]] = [(self.root, ())]
        seen: set[int] = set()
        while todo:
            node, outer = todo.pop()
            if not isinstance(node.schema, dict) or id(node.schema) in seen:
                continue
            seen.add(id(node.schema))
            self.budget.spend(4)
            path = outer if node.resource in outer else (*outer, node.resource)
            if node is wanted:
                yield from path[1:]
                return
            ahead = [
                self.node(part, node, key) for key, part in subschemas(node.schema) if not key.startswith("$defs/")
            ]
            for keyword in ("$ref", "$dynamicRef"):
                target = self._find(node, node.schema[keyword]) if isinstance(node.schema.get(keyword), str) else None
                ahead += [target] if target is not None else []
            todo += [(part, path) for part in reversed(ahead)]

    def _find(self, node: SchemaNode, reference: str) -> SchemaNode | None:
        address, _, fragment = reference.partition("#")
        root = self._located(self._join(node.resource.uri, address)) if address else self._roots[node.resource]
        if root is None:
            return self.anything
        if not fragment:
            return root
        if fragment.startswith("/"):
            return self._pointed(root, fragment)
        return self._anchor(root.resource, fragment)

    def _located(self, uri: str) -> SchemaNode | None:
        if uri not in self._resources:
            self._index()
        if uri not in self._resources and is_metaschema(uri):
            resource = Resource(uri, "")
            root = SchemaNode(self, metaschema(uri), resource, None, uri + "#")
            self._resources[uri] = self._roots[resource] = root
        return self._resources.get(uri)

    def _pointed(self, root: SchemaNode, fragment: str) -> SchemaNode | None:
        place: Any = root.schema
        parent, keys = root, []
        self.budget.spend(1 + len(fragment) // 8)
        for part in unquote(fragment).split("/")[1:]:
            place = _step(place, part.replace("~1", "/").replace("~0", "~"))
            if place is None:
                return None
            keys.append(part)
            if (isinstance(place, dict) and id(place) in self._nodes) or parent.resource.own_uri(place):
                parent, keys = self.node(place, parent, "/".join(keys)), []
        return parent if not keys else self.node(place, parent, "/".join(keys))

    def _join(self, base: str, address: str) -> str:
        self.budget.spend(1 + (len(base) + len(address)) // 16)
        try:
            return urljoin(base, address).rstrip("#") if address else base
        except ValueError:  # what is not a URI at all leads to no document, like any other that is not at hand
            return address

    def _anchor(self, resource: Resource, name: str) -> SchemaNode | None:
        self._index()
        return self._anchors.get((resource.uri, name))

    def _index(self) -> None:
        """Find all nodes with a URI or an anchor of their own. This is done once."""
        if not self._indexed:
            self._indexed = True
            for node in _identified(self.root):
                for name in node.resource.names(node.schema):
                    self._anchors.setdefault((node.resource.uri, name), node)


def _step(place: Any, key: str) -> Any:
    if isinstance(place, dict):
        return place.get(key)
    if isinstance(place, list) and key.isdecimal() and len(key) < _INDEX_DIGITS and int(key) < len(place):
        return place[int(key)]
    return None


def _says(node: SchemaNode, keyword: str, value: Any) -> bool:
    return isinstance(node.schema, dict) and node.schema.get(keyword) == value


def _identified(root: SchemaNode) -> Iterator[SchemaNode]:
    """The nodes of a document that have a URI or an anchor of their own."""
    yield root
    todo: list[tuple[Any, SchemaNode, str]] = [(part, root, key) for key, part in subschemas(root.schema)]
    while todo:
        schema, parent, key = todo.pop()
        root.document.budget.spend(1 + len(key) // 64)
        if not isinstance(schema, dict):
            continue
        if parent.resource.own_uri(schema) or any(parent.resource.names(schema)):
            node = root.document.node(schema, parent, key)
            yield node
            todo += [(part, node, inner) for inner, part in subschemas(schema)]
        else:
            todo += [(part, parent, f"{key}/{inner}") for inner, part in subschemas(schema)]
