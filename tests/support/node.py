"""Running a script in Node.js, with packages of npm."""

import os
import shutil
import subprocess
from pathlib import Path


def finds(folder: Path, *packages: str) -> bool:
    """Whether Node.js finds the packages, in node_modules above a folder or in NODE_PATH."""
    node = shutil.which("node")
    wanted = "; ".join(f"require('{package}')" for package in packages)
    return (
        bool(node)
        and not subprocess.run([str(node), "-e", wanted], cwd=folder, capture_output=True, check=False).returncode
    )


def ran(script: Path, *arguments: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """What a script does with these arguments and this standard input."""
    return subprocess.run(
        ["node", str(script), *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, **environment},
    )
