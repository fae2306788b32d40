"""What a text tells its reader to do, without what it says of others: "my boss answers only yes or no" asks nothing."""

import re

_VERB = (
    r"(?:answer|repl(?:y|ie)|respond|return|output|say|said|classif|categori|label|choos|pick|select|print|giv|decid"
    r"|writ|rat(?:e|ing)|scor)\w*"
)
_OTHERS = (
    r"(?:I|we|he|she|they|some(?:one|body)|every(?:one|body)|nobody|people|(?:my|our|his|her|their) \w{1,30})\s+"
    r"(?:(?:must|should|can|could|would|will|may|might|do|did|does|ha(?:ve|s|d) to|always|often|never|only|just|not"
    r"|don't|didn't)\s+){0,3}"
)
_MACHINE = (
    r"(?:the|an?|our|this|that) "
    r"(?!(?:assistant|model|bot|ai|agent|classifier|output|answer|response|reply)\b)\w{1,30}\s+"
    r"(?:returns|answers|replies|responds|outputs|prints|gives|writes|says)\b"
)
_TURNS_TO_THE_READER = rf"\b(?:you|your|please)\b|,\s*(?:and |then |just |only |always )?{_VERB}"
_OF_OTHERS = re.compile(
    rf"\b(?:(?:{_OTHERS}|(?:how|ways?) to ){_VERB}|{_MACHINE})(?:(?!{_TURNS_TO_THE_READER})[^.?!:;\n])*",
    re.IGNORECASE,
)
_REPORTED = re.compile(
    r"\b(?:said|says|saying|wrote|writes|asked|replied|shouted|(?:told|tells) \w{1,30})"
    r"(?:\s*[:,]?\s*[\"“][^\"”\n]{0,400}[\"”]|\s*[:,]?\s*['‘][^'’\n]{0,400}['’]|\s*:[^.?!\n]*)",
    re.IGNORECASE,
)
_MENTIONED = re.compile(r"(?<!\w)[\"'“‘`][^\"'”’`\n]{0,80}\bor\b[^\"'”’`\n]{0,80}[\"'”’`](?!\w)", re.IGNORECASE)
_ON_DEMAND = re.compile(
    r"(?:\A|(?<=[.?!\n]))[^.?!\n]*?\b(?:if|when|whenever|unless)\b[^.?!,\n]{0,40}?"
    r"\b(?:ask(?:s|ed) (?:for|to)|requests?|requested|wants?)\b[^.?!\n]*",
    re.IGNORECASE,
)


def instructed(text: str) -> str:
    """Return a text with spaces for what it reports, mentions in quotes, says of others, or wants on demand.

    What is between braces stays as it is: it is an example, whatever it says.

    >>> instructed("Why do people answer only yes? Answer only no.").split("?")[1]
    ' Answer only no.'
    """
    start, end = text.find("{"), text.rfind("}") + 1
    if 0 <= start < end:
        return instructed(text[:start]) + text[start:end] + instructed(text[end:])
    for pattern in (_ON_DEMAND, _REPORTED, _MENTIONED, _OF_OTHERS):
        text = pattern.sub(_spaces, text)
    return text


def _spaces(found: re.Match[str]) -> str:
    return " " * len(found[0])
