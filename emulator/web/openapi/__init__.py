"""The OpenAPI 3.1 document of the emulated API and of the control API.

It is made of the tables and limits by which requests are read, when it is asked for.
"""

from typing import Any

from emulator.core.settings import Settings
from emulator.core.version import __version__
from emulator.dialects.endpoints import Dialects
from emulator.web.openapi import answers, control, emulated
from emulator.web.openapi.operations import HEADERS, refusals

_ABOUT = (
    "The AkashML inference API, emulated, and under /_emulator the API that controls the emulator. Every path that "
    "answers GET answers HEAD. A scenario may answer with any other status and body."
)


def document(settings: Settings) -> dict[str, Any]:
    """The document of a server with these settings."""
    paths: dict[str, dict[str, Any]] = {}
    dialects = Dialects(settings)
    for tag, operations in (("emulated", emulated.operations(settings)), ("control", control.operations(settings))):
        for method, path, operation in operations:
            told = operation.described(_name(method, path), path, tag, dialects.surface(path))
            paths.setdefault(path, {})[method.lower()] = told
    return {
        "openapi": "3.1.0",
        "info": {"title": "AkashML emulator", "version": __version__, "description": _ABOUT},
        "tags": [{"name": "emulated"}, {"name": "control"}],
        "paths": paths,
        "components": {
            "securitySchemes": {**emulated.SECURITY, **control.SECURITY},
            "headers": HEADERS,
            "responses": refusals(dialect.surface for dialect in dialects.by_name.values()),
            "schemas": {**emulated.components(settings), **answers.components()},
        },
    }


def _name(method: str, path: str) -> str:
    """The id of an operation, such as get_v1_models."""
    words = "".join(letter if letter.isalnum() else " " for letter in path).split()
    return "_".join([method.lower(), *words])
