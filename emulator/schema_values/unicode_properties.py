r"""The characters of a Unicode property, for `\p{...}` in a pattern (ECMA-262, table 66; UTS 18, section 1.2).

Each property has the ranges to write from, and a Python expression that matches its characters; those of the large
general categories are close approximations.
"""

from typing import TypeAlias

Ranges: TypeAlias = tuple[tuple[int, int], ...]

DIGIT: Ranges = ((48, 57),)
LETTER: Ranges = ((97, 122), (65, 90))
SPACE: Ranges = ((32, 32),)
_PUNCTUATION = (
    r"[!-#%-*,-/:;?@\[-\]_{}\u00a1\u00a7\u00ab\u00b6\u00b7\u00bb\u00bf\u2010-\u2027\u2030-\u205e\u3001-\u3003]"
)
_EMOJI: Ranges = ((0x1F600, 0x1F64F), (0x1F300, 0x1F3FA))
_PICTURES = (
    r"[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u2388\u23cf\u23e9-\u23f3"
    r"\u23f8-\u23fa\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u2605\u2607-\u2612\u2614-\u2685\u2690-\u2705"
    r"\u2708-\u2712\u2714\u2716\u271d\u2721\u2728\u2733\u2734\u2744\u2747\u274c\u274e\u2753-\u2755\u2757\u2763-\u2767"
    r"\u2795-\u2797\u27a1\u27b0\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299"
    r"\U0001f000-\U0001f0ff\U0001f10d-\U0001f10f\U0001f12f\U0001f16c-\U0001f171\U0001f17e\U0001f17f\U0001f18e"
    r"\U0001f191-\U0001f19a\U0001f1ad-\U0001f1e5\U0001f201-\U0001f20f\U0001f21a\U0001f22f\U0001f232-\U0001f23a"
    r"\U0001f23c-\U0001f23f\U0001f249-\U0001f3fa\U0001f400-\U0001f53d\U0001f546-\U0001f64f\U0001f680-\U0001f6ff"
    r"\U0001f774-\U0001f77f\U0001f7d5-\U0001f7ff\U0001f80c-\U0001f80f\U0001f848-\U0001f84f\U0001f85a-\U0001f85f"
    r"\U0001f888-\U0001f88f\U0001f8ae-\U0001f8ff\U0001f90c-\U0001f93a\U0001f93c-\U0001f945\U0001f947-\U0001faff]"
)
_MODIFIERS: Ranges = ((0x1F3FB, 0x1F3FF),)

_PROPERTIES: tuple[tuple[str, Ranges, str], ...] = (
    ("l letter alphabetic alpha", LETTER, r"[^\W\d_]"),
    ("lu uppercaseletter uppercase upper", ((65, 90),), r"[A-Z\u00c0-\u00d6\u00d8-\u00de\u0391-\u03a9\u0410-\u042f]"),
    ("ll lowercaseletter lowercase lower", ((97, 122),), r"[a-z\u00df-\u00f6\u00f8-\u00ff\u03b1-\u03c9\u0430-\u044f]"),
    ("lo otherletter", ((0x4E00, 0x4E80),), r"[\u00aa\u00ba\u05d0-\u05ea\u0620-\u064a\u0904-\u0939\u3041-\uffdc]"),
    ("m mark combiningmark", ((0x301, 0x304),), r"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"),
    ("n number", DIGIT, r"[\d\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u2089\u2150-\u218b\u2460-\u249b]"),
    ("nd decimalnumber digit", DIGIT, r"\d"),
    ("alnum", (*LETTER, *DIGIT), r"[^\W_]"),
    ("word w", (*LETTER, *DIGIT, (95, 95)), r"\w"),
    ("xdigit hexdigit asciihexdigit ahex", (*DIGIT, (97, 102)), r"[0-9A-Fa-f]"),
    ("z separator whitespace space", SPACE, r"\s"),
    ("zs spaceseparator blank", ((32, 32),), r"[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]"),
    ("p punctuation punct", ((33, 35), (37, 42), (44, 47), (58, 59), (63, 64)), _PUNCTUATION),
    ("pd dashpunctuation dash", ((45, 45),), r"[\-\u058a\u2010-\u2015\u301c\u3030]"),
    (
        "s symbol",
        ((36, 36), (43, 43), (60, 62)),
        r"[$+<=>^`|~\u00a2-\u00a9\u00ac\u00ae-\u00b1\u00b4\u00d7\u00f7\u20a0-\u20c0\u2190-\u2bff]",
    ),
    ("sc currencysymbol", ((36, 36), (0x20AC, 0x20AC)), r"[$\u00a2-\u00a5\u20a0-\u20c0]"),
    ("sm mathsymbol math", ((43, 43), (60, 62)), r"[+<=>|~\u00ac\u00b1\u00d7\u00f7\u2200-\u22ff]"),
    (
        "so othersymbol",
        ((0x2600, 0x2605),),
        r"[\u00a6\u00a9\u00ae\u00b0\u2100-\u218b\u2300-\u23ff\u2500-\u27bf\U0001f000-\U0001faff]",
    ),
    (
        "c other",
        ((0x200B, 0x200B),),
        r"[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ue000-\uf8ff\ufeff]",
    ),
    ("cc control cntrl", ((9, 9),), r"[\x00-\x1f\x7f-\x9f]"),
    ("ascii", ((97, 122), (48, 57), (65, 90)), r"[\x00-\x7f]"),
    ("any", ((97, 122),), r"[\s\S]"),
    ("extendedpictographic", _EMOJI, _PICTURES),
    ("emoji", _EMOJI, _PICTURES[:-1] + r"#*0-9\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]"),
    (
        "emojipresentation epres",
        _EMOJI,
        r"[\u231a\u231b\u23e9-\u23ec\u2614\u2615\u2648-\u2653\u26bd\u26be\u2705\u2728\u274c\u2753-\u2757\u2b50\U0001f300-\U0001f6ff\U0001f900-\U0001faff]",
    ),
    ("emojicomponent ecomp", _MODIFIERS, r"[#*0-9\u200d\u20e3\ufe0f\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]"),
    ("emojimodifier emod", _MODIFIERS, r"[\U0001f3fb-\U0001f3ff]"),
    ("latin latn", LETTER, r"[A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02b8\u1e00-\u1eff]"),
    (
        "greek grek",
        ((0x3B1, 0x3C1), (0x3C3, 0x3C9)),
        r"[\u0370-\u0373\u0375-\u0377\u037a-\u037d\u0384\u0386\u0388-\u03e1\u03f0-\u03ff\u1f00-\u1ffe]",
    ),
    ("cyrillic cyrl", ((0x430, 0x44F),), r"[\u0400-\u052f\u1c80-\u1c88\u2de0-\u2dff\ua640-\ua69f]"),
    (
        "han hani",
        ((0x4E00, 0x4FFF),),
        r"[\u2e80-\u2fd5\u3005\u3007\u3021-\u3029\u3038-\u303b\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufad9\U00020000-\U000323af]",
    ),
    ("hiragana hira", ((0x3042, 0x3093),), r"[\u3041-\u3096\u309d-\u309f]"),
    ("katakana kana", ((0x30A2, 0x30F3),), r"[\u30a1-\u30fa\u30fd-\u30ff\u31f0-\u31ff\uff66-\uff6f\uff71-\uff9d]"),
    ("hangul hang", ((0xAC00, 0xB000),), r"[\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7a3]"),
    (
        "arabic arab",
        ((0x628, 0x63A), (0x641, 0x64A)),
        r"[\u0600-\u0604\u0606-\u060b\u060d-\u061a\u061c-\u061e\u0620-\u063f\u0641-\u064a\u0656-\u066f\u0671-\u06dc\u06de-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]",
    ),
    ("hebrew hebr", ((0x5D0, 0x5EA),), r"[\u0591-\u05f4\ufb1d-\ufb4f]"),
    ("thai", ((0xE01, 0xE2E),), r"[\u0e01-\u0e3a\u0e40-\u0e5b]"),
    ("devanagari deva", ((0x905, 0x914), (0x915, 0x939)), r"[\u0900-\u0950\u0955-\u0963\u0966-\u097f\ua8e0-\ua8ff]"),
)
_BY_NAME = {name: (ranges, source) for names, ranges, source in _PROPERTIES for name in names.split()}


def unicode_property(name: str) -> tuple[Ranges, str]:
    r"""The ranges to write from, and the expression, of a property such as `Lu`, `Uppercase_Letter` or `Greek`.

    An unknown property counts as that of letters.
    """
    key = name.replace("_", "").lower()
    return _BY_NAME.get(key) or _BY_NAME.get(key.removeprefix("is")) or (LETTER, r"\w")
