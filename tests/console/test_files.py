"""What the console consists of: small files that are served as they are, and libraries with their licences."""

import gzip
import re

from support.asgi import ask, make_engine
from support.console import CONSOLE

from emulator.web.app import create_app

FILES = [path for path in CONSOLE.rglob("*") if path.is_file()]
OWN = [path for path in FILES if path.suffix == ".js" and path.parent == CONSOLE]
MOST_KIB = 150
MOST_PACKED_KIB = 61
MOST_LINES = 350


def test_the_console_is_small() -> None:
    """The files of all pages have at most 150 KiB, a browser loads much less of them, and no module is long."""
    app, loaded = create_app(make_engine()), 0
    for path in FILES:
        name = path.relative_to(CONSOLE).as_posix()
        sent = ask(app, "GET", f"/_emulator/console/{name}", headers={"accept-encoding": "gzip"})
        assert sent.headers["content-encoding"] == "gzip" and gzip.decompress(sent.body) == path.read_bytes()
        loaded += len(sent.body)
    assert loaded <= MOST_PACKED_KIB * 1024
    served = [path for path in FILES if path.suffix != ".txt"]
    assert sum(path.stat().st_size for path in served) <= MOST_KIB * 1024
    assert all(len(path.read_text().splitlines()) <= MOST_LINES for path in OWN)


def test_nothing_is_written_as_markup_or_run_from_text() -> None:
    """No module writes HTML, or makes code of a text."""
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\bsetAttribute\("
    )
    assert [path.name for path in OWN if forbidden.search(path.read_text())] == []


def test_every_import_is_a_file_of_the_console() -> None:
    """Modules import by relative paths: no build and no import map is needed, and nothing comes from elsewhere."""
    for path in FILES:
        if path.suffix == ".js":
            found = re.findall(r"""(?:from|import) ?\(?["']([^"'$]+)["']""", path.read_text())
            assert all((path.parent / name).is_file() and name.startswith("./") for name in found), (path, found)
            assert "https://" not in path.read_text() or path.parent != CONSOLE


def test_no_line_is_long() -> None:
    """The modules are read in the same editors as the rest: no line has more than 120 columns."""
    assert [path.name for path in OWN for line in path.read_text().splitlines() if len(line) > 120] == []


def test_every_module_says_what_it_is() -> None:
    """The first line of each module is a comment with its purpose."""
    assert all(path.read_text().startswith("// ") for path in OWN)


def test_the_licence_of_every_library_is_there() -> None:
    """LICENSES.txt names each vendored package with its version."""
    licences = (CONSOLE / "vendor" / "LICENSES.txt").read_text()
    for package in ("preact", "htm"):
        assert re.search(rf"^{re.escape(package)} \d+\.\d+\.\d+$", licences, re.MULTILINE), package
