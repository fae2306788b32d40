"""Renew the console's library, emulator/console/vendor/preact.js, from npm: `make vendor`.

It is one module with what the console uses of Preact and htm, and nothing else of them. Its source map is not served.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

VENDOR = Path(__file__).parent.parent / "emulator" / "console" / "vendor"
PACKAGES = ("preact", "htm")
TOOLS = ("esbuild", "terser")
"""What bundles, and what makes it small."""
USED = """
export { h, render } from "preact";
export { useEffect, useMemo, useRef, useState } from "preact/hooks";
export { default as htm } from "htm";
"""
"""What the console imports."""


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
    """Install the newest versions in a temporary folder, and make one module of what is used."""
    with tempfile.TemporaryDirectory() as folder:
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, *PACKAGES, *TOOLS]
        subprocess.run(install, check=True)  # noqa: S603 (the command is this list)
        installed = Path(folder) / "node_modules"
        bundle = [
            installed / ".bin" / "esbuild",
            "--bundle",
            "--minify",
            "--mangle-props=^_",
            "--format=esm",
            "--log-level=warning",
            "--outfile=preact.js",
        ]
        subprocess.run(bundle, input=USED, text=True, cwd=folder, check=True)  # noqa: S603
        output = VENDOR / "preact.js"
        smaller = [installed / ".bin" / "terser", "preact.js", "--module", "-m", "-c", "passes=3", "-o", output]
        subprocess.run(smaller, cwd=folder, check=True)  # noqa: S603
        (VENDOR / "LICENSES.txt").write_text(licences(installed, list(PACKAGES)))
    size = sum(path.stat().st_size for path in VENDOR.iterdir())
    sys.stdout.write(f"{VENDOR}: {size / 1024:.0f} KiB\n")


if __name__ == "__main__":
    main()
