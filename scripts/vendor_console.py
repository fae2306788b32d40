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


def main() -> None:
    """Install the newest versions in a temporary folder, and copy what is served."""
    packages = list(dict.fromkeys(package for package, _ in MODULES.values()))
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, *packages]
        subprocess.run(command, check=True)
        installed = Path(folder) / "node_modules"
        VENDOR.mkdir(parents=True, exist_ok=True)
        for module, (package, path) in MODULES.items():
            (VENDOR / file_name(module)).write_text(rewritten((installed / package / path).read_text()))
        licences = []
        for package in packages:
            version = json.loads((installed / package / "package.json").read_text())["version"]
            licences.append(f"{package} {version}\n\n{(installed / package / 'LICENSE').read_text().strip()}\n")
        (VENDOR / "LICENSES.txt").write_text(("\n" + "-" * 80 + "\n\n").join(licences))
    size = sum(path.stat().st_size for path in VENDOR.iterdir())
    sys.stdout.write(f"{VENDOR}: {size / 1024:.0f} KiB\n")


if __name__ == "__main__":
    main()
