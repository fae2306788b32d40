"""What `serve` prints once requests are answered."""

import json
import os
import shlex
from typing import TYPE_CHECKING

from emulator.commands import _options
from emulator.commands._browser import console
from emulator.core.version import __version__

if TYPE_CHECKING:
    from emulator.core.settings import Settings

_KEY = "akml-local"
_MODEL = "zai-org/GLM-5.3"


def banner(url: str, settings: "Settings", token: str, form: str) -> str:
    """What is printed once requests are answered. `key` is one that is accepted, and null in JSON if none is yet.

    `token` is a token of the control routes that nobody knows yet; there is none if it is empty.
    """
    from emulator.core.proxies import no_proxy, proxied

    key = settings.keys[0] if settings.keys else None if settings.auth == "strict" else _KEY
    if form == "json":
        shown = {"url": url, "openai_base_url": f"{url}/v1", "anthropic_base_url": f"{url}/anthropic", "key": key}
        return json.dumps(shown | ({"control_token": token} if token else {}))
    lines = [f"AkashML emulator {__version__} on {url}", f"  # console: {console(url, token)}", ""]
    if key is None:
        lines += ["  No key is accepted yet: add --key KEY, or make one with POST /_emulator/keys.", ""]
    key = key or "KEY"
    quoted, authorization = shlex.quote(key), f"Authorization: Bearer {key}"
    lines += [
        f"  export OPENAI_BASE_URL={url}/v1 OPENAI_API_KEY={quoted}",
        f"  export ANTHROPIC_BASE_URL={url}/anthropic ANTHROPIC_AUTH_TOKEN={quoted}",
    ]
    if token:
        lines.append(f"  export {_options.TOKEN_VARIABLE}={token}  # for /_emulator, and the commands that ask it")
    if proxied(os.environ):
        lines.append(f"  export {' '.join(f'{name}={hosts}' for name, hosts in no_proxy(os.environ).items())}")
    request = json.dumps({"model": _MODEL, "messages": [{"role": "user", "content": "Hello!"}]})
    authorization = f'"{authorization}"' if quoted == key else shlex.quote(authorization)
    lines += [
        "",
        f'  curl {url}/v1/chat/completions -H {authorization} -H "Content-Type: application/json" \\',
        f"    -d '{request}'",
        "",
    ]
    return "\n".join(lines)
