"""The text of a recorded answer."""

from emulator.core.vocabulary import Text
from emulator.dialects.decoding import decode
from emulator.dialects.endpoints import ENDPOINTS
from emulator.inferences.inference import Inference


def text_of(inference: Inference) -> str:
    """The text of the first choice, as far as it was kept and can be read."""
    if not inference.exists:
        return ""
    events = decode(ENDPOINTS[inference.endpoint].decoder(), inference.response.encode())
    return "".join(event.text for event in events if isinstance(event, Text) and event.choice == 0)
