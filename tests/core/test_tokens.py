"""What the tokenizer promises: nothing is lost, ids and pieces agree, and counts are near those of real models."""

import json
import subprocess
import sys
from collections import Counter
from itertools import islice, pairwise
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from emulator.core import chunks, tokens
from emulator.core.token_counts import count
from emulator.core.tokens import END, VOCABULARY_SIZE, decode, encode, identified, ids_of, piece_bytes, split

COUNTS = json.loads((Path(__file__).parent / "data" / "token_counts.json").read_text(encoding="utf-8"))
CLOSE = ["english", "code", "chinese", "emoji", "japanese", "korean", "german", "numbers"]

alphabets = st.sampled_from(
    ["the Cat IS", "für Größe", "Привет МИР", "你好 世界", "안녕", "かな カナ", "שלום", "مرحبا", "हिन्दी"]
)
texts = st.text() | st.lists(alphabets | st.text(" \t\n\r._(){}'\"=<>-+*/🎉🥾é", max_size=6)).map("".join)


@given(texts)
@example("a" * 40 + "B" * 40 + " " * 70 + "x")
@example("don't WE'LL it's 'tis \u0130 ß ŉ ǅ ΣΑΣ")
@example("𝐀𝐁 𠮷野家 🏴󠁧󠁢󠁥󠁮󠁧󠁿 👩‍👩‍👧")
def test_nothing_is_lost(text: str) -> None:
    """Pieces join to the text, ids are as many, and ids become the text again."""
    pieces, ids = split(text).pieces, encode(text)
    assert "".join(pieces) == text
    assert len(pieces) == len(ids) == len(split(text)) == count(text)
    assert decode(ids) == text
    assert b"".join(map(piece_bytes, ids)) == text.encode()


@given(
    st.lists(texts | st.sampled_from([" ", "  ", "\n", "\t", "\xa0", "word", "12345", "7", ":", "'s", "A", "٣"])).map(
        "".join
    )
)
def test_a_text_is_counted_by_its_words(text: str) -> None:
    """Whatever the white space is, there are as many tokens as in the text as a whole, and in a long text, too."""
    assert count(text) == len(split(text))
    assert count(text * 500) == len(split(text * 500))


@given(texts | st.text(st.characters(categories=["Cs", "Lu", "Nd"])))
def test_tokens_that_are_taken_one_by_one_are_the_same(text: str) -> None:
    """Their ids and pieces are those of the whole text."""
    assert list(identified(text)) == list(zip(encode(text), split(text).pieces, strict=True))
    assert list(ids_of(split(text))) == encode(text)


def test_a_text_is_read_no_further_than_its_tokens_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first tokens of a long text cost as much as those of a short one."""
    read, ids_of_chunk = Counter[str](), tokens._ids

    def counting(chunk: str) -> tuple[int, ...]:
        read.update([chunk])
        return ids_of_chunk(chunk)

    monkeypatch.setattr(tokens, "_ids", counting)
    assert len(list(islice(identified("word " * 100_000), 10))) == 10
    assert read.total() <= 10


@given(st.text(st.characters(categories=["Cs", "Lu", "Nd"])))
def test_a_lone_surrogate_becomes_the_replacement_character(text: str) -> None:
    """Half of a surrogate pair is no character: its piece is kept, its id says U+FFFD."""
    assert "".join(split(text).pieces) == text
    assert len(encode(text)) == count(text)
    assert decode(encode(text)) == "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)


@given(st.lists(st.integers(0, END)))
def test_any_ids_have_a_text(ids: list[int]) -> None:
    """Every id of the vocabulary can be decoded, alone and with others, whatever the bytes are together."""
    assert decode(ids) == b"".join(map(piece_bytes, ids)).decode("utf-8", "replace")


@pytest.mark.parametrize("id", [-1, VOCABULARY_SIZE, 10**30])
def test_an_id_outside_of_the_vocabulary_is_refused(id: int) -> None:
    """The error names the id and the range."""
    with pytest.raises(ValueError, match=rf"{id}.*0 to {END}"):
        decode([id])


def test_a_character_of_several_tokens_stands_at_its_last_one() -> None:
    """The earlier tokens add no text, as a stream of a real model adds none; their bytes join to the character."""
    pieces, ids = split("A walk 🥾!").pieces, encode("A walk 🥾!")
    assert pieces == ("A", " walk", " ", "", "🥾", "!")
    assert [piece_bytes(id) for id in ids[3:5]] == [b"\xf0\x9f\xa5", b"\xbe"]
    assert decode(ids[:4]) == "A walk \ufffd"


def test_bytes_that_are_no_character_become_the_replacement_character() -> None:
    """Byte tokens need not make sense together."""
    assert decode([0xC3, 0x28]) == "\ufffd("
    assert decode([0xC3, 0xA9]) == "é"


@given(
    st.lists(
        st.sampled_from([" the", " Rain", ",", " falls", " antidisestablishing", " São", ".", " 世界", " METHODS"])
    )
)
def test_words_have_the_same_tokens_wherever_they_stand(words: list[str]) -> None:
    """A text has the tokens of its words, one after the other."""
    assume(not any(left in ",." and right in ",." for left, right in pairwise(words)))
    assert list(split("".join(words)).pieces) == [piece for word in words for piece in split(word).pieces]


@pytest.mark.parametrize("kind", CLOSE)
def test_counts_are_near_those_of_a_real_tokenizer(kind: str) -> None:
    """Within 15 % of what o200k_base counts in the same texts."""
    rows = [row for row in COUNTS if row["kind"] == kind]
    real = sum(row["o200k_base"] for row in rows)
    assert sum(count(row["text"]) for row in rows) == pytest.approx(real, rel=0.15)


@pytest.mark.parametrize("row", [row for row in COUNTS if row["kind"] not in CLOSE], ids=lambda row: row["name"])
def test_counts_of_other_languages_lie_between_those_of_real_tokenizers(row: dict[str, str | int]) -> None:
    """Not more than 25 % above what one of o200k_base and cl100k_base counts, nor below both."""
    low, high = sorted([int(row["o200k_base"]), int(row["cl100k_base"])])
    assert 0.85 * low <= count(str(row["text"])) <= 1.25 * high


def test_common_words_are_one_token_each() -> None:
    """With the space before them, as real vocabularies have them."""
    words = [
        "People",
        "who",
        "write",
        "software",
        "for",
        "a",
        "living",
        "often",
        "say",
        "that",
        "naming",
        "things",
        "is",
        "the",
        "hardest",
        "part",
    ]
    assert split(" ".join(words)).pieces == (words[0], *[f" {word}" for word in words[1:]])


def test_a_long_text_is_cut_as_a_short_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The windows in which a long text is looked at do not show."""
    text = "It's 1234567 naïve   \n\n  don't—stop… 你好🎉 " * 50
    expected = split(text).pieces
    for window in range(40, 80):
        monkeypatch.setattr(chunks, "_WINDOW", window)
        assert tokens.pieces_of(text) == expected


def test_no_written_piece_is_there_twice() -> None:
    """Each piece has one id, fits its section, and words are in lower case."""
    by_kind = {name: tokens._pieces_of(name).texts for name in ("words", "marks", "east")}
    for texts in by_kind.values():
        assert len(set(texts)) == len(texts)
        assert all(len(text) <= 16 for text in texts)
    assert all(word == word.lower() and len(word) > 1 for word in by_kind["words"])
    room = {"words": 20_000, "marks": 1_000, "east": 2_000}
    assert all(len(texts) <= room[name] for name, texts in by_kind.items())


def test_ids_are_the_same_in_every_process() -> None:
    """Ids are part of what a client may keep: they do not depend on Python's hash seed."""
    code = "from emulator.core.tokens import encode; print(encode('Naïve tests, 3.14 and 世界 🎉!'))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("0", "1", "77")
    }
    assert outputs == {f"{encode('Naïve tests, 3.14 and 世界 🎉!')}\n"}
