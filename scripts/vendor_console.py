"""Renew the console's libraries in emulator/console/vendor from npm: `make vendor`.

The modules are taken as they are published, except that they import each other by relative paths, since the console's
Content-Security-Policy allows no inline import map, and that they do not name source maps, which are not served.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

VENDOR = Path(__file__).parent.parent / "emulator" / "console" / "vendor"
MODULES = {
    "preact": ("preact", "dist/preact.mjs"),
    "preact/hooks": ("preact", "hooks/dist/hooks.mjs"),
    "@preact/signals-core": ("@preact/signals-core", "dist/signals-core.mjs"),
    "@preact/signals": ("@preact/signals", "dist/signals.mjs"),
    "htm": ("htm", "dist/htm.mjs"),
}
"""What is imported by which name, and the package and the file that it is."""


def file_name(module: str) -> str:
    """The name of a module's file, such as preact-hooks.js."""
    return module.lstrip("@").replace("/", "-") + ".js"


def rewritten(text: str) -> str:
    """A module that imports others by their files, and names no source map."""
    text = re.sub(r"//# sourceMappingURL=\S+\s*$", "\n", text)
    return re.sub(
        r"""(from|import) ?(["'])([^"'./][^"']*)\2""",
        lambda found: f"{found[1]}{found[2]}./{file_name(found[3])}{found[2]}",
        text,
    )


def licences(installed: Path, packages: list[str]) -> str:
    """The packages with their versions, and the text of each licence once. Apache-2.0 is this project's own."""
    named: dict[str, list[str]] = {}
    for package in packages:
        about = json.loads((installed / package / "package.json").read_text())
        text = (installed / package / "LICENSE").read_text().strip()
        if about["license"] == "Apache-2.0":
            text = (
                "".join(re.findall(r"Copyright \d{4}.*", text)) + "\nApache License 2.0: see LICENSE of this project."
            )
        named.setdefault(text, []).append(f"{package} {about['version']}")
    return "\n".join("\n".join(names) + f"\n\n{text}\n" for text, names in named.items())


def main() -> None:
    """Install the newest versions in a temporary folder, and copy what is served."""
    packages = list(dict.fromkeys(package for package, _ in MODULES.values()))
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, *packages]
        subprocess.run(command, check=True)  # noqa: S603 (the command is this list)
        installed = Path(folder) / "node_modules"
        VENDOR.mkdir(parents=True, exist_ok=True)
        for module, (package, path) in MODULES.items():
            (VENDOR / file_name(module)).write_text(rewritten((installed / package / path).read_text()))
        (VENDOR / "LICENSES.txt").write_text(licences(installed, packages))
    size = sum(path.stat().st_size for path in VENDOR.iterdir())
    sys.stdout.write(f"{VENDOR}: {size / 1024:.0f} KiB\n")


if __name__ == "__main__":
    main()
