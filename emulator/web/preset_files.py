"""The files of presets, in a folder or in memory: NAME.yaml is the latest version, NAME@2.yaml an earlier one."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from emulator.core.errors import ApiError, Rejected
from emulator.core.files import read_regular, write_atomically
from emulator.core.folders import alone_in
from emulator.core.regexes import late

NAME = late(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
"""The names of presets."""
MOST_BYTES = 1024 * 1024
"""The longest file of a preset."""
LAST_VERSION = 999_999_999
_FILE = late(rf"(?P<name>{NAME.pattern})(?:@(?P<version>[1-9][0-9]{{0,8}}))?\.yaml", re.ASCII)


class PresetFiles:
    """The files of presets in a folder, or without one in memory. Each method raises `Rejected` if they cannot be used.

    Other processes that serve would not see what is in memory, so nothing is kept there if it is `shared`.
    """

    def __init__(self, folder: Path | None = None, *, shared: bool = False) -> None:
        self.folder = folder
        self._shared = shared
        self._contents: dict[str, bytes] = {}

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Change files while no other process does. What is done in between must not wait."""
        if self.folder is None:
            yield
            return
        with _using(self.folder):
            async with alone_in(self.folder):
                yield

    def names(self) -> list[str]:
        """The names of presets, sorted."""
        return sorted({name for name, version in self._known() if version is None})

    def has(self, name: str) -> bool:
        """Whether there is a preset of this name."""
        return (name, None) in self._known()

    def versions(self, name: str) -> list[int]:
        """The numbers of the earlier versions of a preset, the oldest first."""
        return sorted(version for each, version in self._known() if each == name and version is not None)

    def read(self, name: str, version: int | None = None) -> bytes | None:
        """The content of a file; None if there is none."""
        if not NAME.fullmatch(name):
            return None
        file = file_of(name, version)
        if self.folder is None:
            return self._contents.get(file)
        path = self.folder / file
        with _using(path):
            try:
                return read_regular(path, MOST_BYTES + 1)
            except FileNotFoundError:
                if path.is_symlink():
                    raise
                return None

    def check_writable(self, name: str) -> None:
        """Check that the file of a preset may be written: no symbolic link, which may lead to any file of the machine.

        Raises `Rejected` with a 400.
        """
        if self.folder is None and self._shared:
            told = "Presets cannot be saved, since several processes serve and each has a memory of its own"
            raise Rejected(ApiError("bad_request", f"{told}: start the server with --presets FOLDER."))
        if self.folder is not None and (self.folder / file_of(name)).is_symlink():
            told = f"{file_of(name)} is a symbolic link, which is not written: save the preset under another name."
            raise Rejected(ApiError("bad_request", told))

    def write(self, name: str, content: bytes) -> None:
        """Write the latest version of a preset."""
        self._write(file_of(name), content)

    def keep(self, name: str, version: int) -> None:
        """Keep the latest version of a preset as an earlier one, whatever is in its file."""
        file = file_of(name)
        if self.folder is None:
            content = self._contents[file]
        else:
            with _using(self.folder / file):
                content = read_regular(self.folder / file)
        self._write(file_of(name, version), content)

    def _write(self, file: str, content: bytes) -> None:
        if self.folder is None:
            self._contents[file] = content
            return
        with _using(self.folder / file):
            write_atomically(self.folder / file, content, follow=False)

    def rename(self, name: str, version: int | None, new: str) -> None:
        """Give a file another name, which none has."""
        before, after = file_of(name, version), file_of(new, version)
        if self.folder is None:
            self._contents[after] = self._contents.pop(before)
            return
        with _using(self.folder / before):
            (self.folder / before).rename(self.folder / after)

    def delete(self, name: str, version: int | None) -> None:
        """Delete a file."""
        file = file_of(name, version)
        if self.folder is None:
            self._contents.pop(file, None)
            return
        with _using(self.folder / file):
            (self.folder / file).unlink(missing_ok=True)

    def _known(self) -> set[tuple[str, int | None]]:
        """The names and versions of all files that have those of presets."""
        if self.folder is None:
            files = [*self._contents]
        else:
            with _using(self.folder):
                files = [path.name for path in self.folder.iterdir()]
        found = [each for each in map(_FILE.fullmatch, files) if each]
        return {(each["name"], int(each["version"]) if each["version"] else None) for each in found}


def file_of(name: str, version: int | None = None) -> str:
    """The name of the file of a preset; without a version, of the latest one."""
    return f"{name}.yaml" if version is None else f"{name}@{version}.yaml"


@contextmanager
def _using(path: Path) -> Iterator[None]:
    """Raise `Rejected` with a 503 for an OSError."""
    try:
        yield
    except OSError as error:
        told = f"{path.name} cannot be used: {error.strerror}"
        raise Rejected(ApiError("unavailable", f"The presets cannot be read or saved: {told}.")) from None
