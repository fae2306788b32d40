"""Writing files: a reader finds the old file or the new one, whole. Reading them: nothing is waited for."""

import asyncio
import fcntl
import os
import threading
from pathlib import Path

import pytest

from emulator.core.files import read_regular, write_atomically
from emulator.core.folders import alone_in

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


def test_only_a_regular_file_is_read(tmp_path: Path) -> None:
    """A pipe that nobody writes to, a folder and a device are an OSError at once; a link to a file is read."""
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "endless").symlink_to("/dev/zero")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert [read_regular(tmp_path / name) for name in ("file", "link")] == [b"content"] * 2
    assert read_regular(tmp_path / "file", 3) == b"con"
    for name in ("endless", "folder", "pipe", "missing"):
        with pytest.raises(OSError):
            read_regular(tmp_path / name)


@pytest.mark.parametrize("target", ["file", "missing", "link"])
def test_a_link_may_be_refused(target: str, tmp_path: Path) -> None:
    """Whether it leads to a file, to nothing or to itself, nothing is written through it."""
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / target)
    with pytest.raises(OSError, match="symbolic link"):
        write_atomically(tmp_path / "link", b"new", follow=False)
    assert ((tmp_path / "file").read_bytes(), (tmp_path / "missing").exists()) == (b"old", False)


def test_one_process_changes_a_folder_at_a_time(tmp_path: Path) -> None:
    """The next one has its turn when the first is done."""

    async def changed() -> None:
        async with alone_in(tmp_path):
            pass

    async def both() -> None:
        descriptor = os.open(tmp_path, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        waiting = asyncio.create_task(changed())
        await asyncio.sleep(0)
        assert not waiting.done()
        os.close(descriptor)
        await waiting

    asyncio.run(both())
