"""The media of a request, some of which its model cannot read."""

import msgspec

from emulator.core.catalog import Model
from emulator.core.errors import ApiError, Rejected
from emulator.core.vocabulary import InferenceRequest, Media, Message


def readable(request: InferenceRequest, model: Model) -> InferenceRequest:
    """The request without the media that the model drops. Raises `Rejected` for media that it refuses.

    Some models silently drop media that they cannot read (docs/contract.md, images).
    """
    unread: list[Media] = []
    for message in request.messages:
        if message.media:
            unread += [media for media in message.media if not _reads(model, media)]
    if not unread:
        return request
    if model.images != "drop":
        reads = " and ".join(model.input_modalities)
        text = f"Model only supports {reads} input: '{request.model}' cannot read {unread[0].kind} parts."
        raise Rejected(ApiError("bad_request", text, param="messages"))
    return msgspec.structs.replace(request, messages=tuple(_without(message, model) for message in request.messages))


def _without(message: Message, model: Model) -> Message:
    read = tuple(media for media in message.media if _reads(model, media))
    return message if len(read) == len(message.media) else msgspec.structs.replace(message, media=read)


def _reads(model: Model, media: Media) -> bool:
    return media.kind in model.input_modalities
