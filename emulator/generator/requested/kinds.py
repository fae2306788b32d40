"""The kinds of forms that a text can ask for, those that say the most first."""

from emulator.core.vocabulary import InferenceRequest
from emulator.generator.requested import fields, objects, react, words
from emulator.generator.requested.asked import Asked, Make

_KINDS = (react.find, fields.find, objects.find, words.find)


def find(request: InferenceRequest) -> Make | None:
    """What makes the answer in the form that a request asks for, if it asks for one."""
    asked = Asked(request)
    return next((make for kind in _KINDS if (make := kind(asked))), None)
