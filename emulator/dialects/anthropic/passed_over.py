"""What a request has that is not read here. Anthropic's SDKs grow faster than any list of their types."""

from emulator.core.fields import Fields

_PLACES = 5
_SHOWN = 40


class PassedOver:
    """Collects what is passed over; with `refuse` nothing is, and each is a 400 that names its place.

    Only words that say of what kind something is are open: a block of a known type still needs its fields.
    """

    __slots__ = ("_places", "_refuse")

    def __init__(self, *, refuse: bool) -> None:
        self._refuse = refuse
        self._places: dict[str, str] = {}

    def add(self, fields: Fields, name: str, expected: str) -> None:
        """Pass over what this field names. Raises `Rejected` where it is refused."""
        if self._refuse:
            fields.reject(name, expected)
        kind = ascii(fields.data[name])
        if kind not in self._places and len(self._places) <= _PLACES:
            shown = kind if len(kind) <= _SHOWN else f"{kind[:_SHOWN]}..."
            self._places[kind] = f"{fields.place(name)} {shown}"

    def one_of(self, fields: Fields, name: str, choices: tuple[str, ...]) -> str | None:
        """The word of a field, if it is one of these; None for another, which is passed over, and when it is absent."""
        word = fields.string(name)
        if word is None or word in choices:
            return word
        if self._refuse or not word:
            return fields.one_of(name, choices)
        self.add(fields, name, "")
        return None

    @property
    def warning(self) -> str:
        """What was passed over, in a sentence with the first place of each kind; empty if nothing was."""
        if not self._places:
            return ""
        *places, last = self._places.values()
        told = [*places, last] if len(self._places) <= _PLACES else [*places, "and more"]
        return f"Passed over, because it is unknown here: {', '.join(told)}."
