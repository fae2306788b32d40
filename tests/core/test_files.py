"""Writing files: a reader finds the old file or the new one, whole."""

import threading
from pathlib import Path

import pytest

from emulator.core.files import write_atomically

CONTENTS = [bytes([letter]) * 300_000 for letter in b"ab"]


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    """While two threads write the same file, every reading is one of the contents, and no other file is left."""
    path = tmp_path / "file"
    write_atomically(path, CONTENTS[0])

    def write(content: bytes) -> None:
        for _ in range(20):
            write_atomically(path, content)

    writers = [threading.Thread(target=write, args=(content,)) for content in CONTENTS]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert path.read_bytes() in CONTENTS
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("name", ["missing/file", "folder"])
def test_a_file_that_cannot_be_written_leaves_nothing_behind(name: str, tmp_path: Path) -> None:
    """It raises OSError, and what was there is as before."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        write_atomically(tmp_path / name, b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


def test_a_name_may_be_as_long_as_the_file_system_allows(tmp_path: Path) -> None:
    """The temporary file beside it has a short name of its own."""
    path = tmp_path / ("n" * 255)
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_link_is_followed(tmp_path: Path) -> None:
    """The target of a symbolic link is written, and the link stays."""
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"
