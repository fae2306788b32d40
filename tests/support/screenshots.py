"""Write a picture of each page of the console into docs/images: `make screenshots`."""

import json
from contextlib import suppress
from typing import Any

import httpx
from support.console import ROOT, browser, opened

from emulator import Emulator

IMAGES = ROOT / "docs" / "images"
CHAT = "/v1/chat/completions"
WEATHER = """\
name: weather
description: A client is limited twice, and then answered with a stall.
rules:
  - name: rain
    when: {last_user: {contains: rain}}
    reply: {text: It rains.}
  - name: busy
    when: {last_user: {contains: weather}}
    replies:
      - {error: rate_limited, retry_after: 2s}
      - {error: rate_limited, retry_after: 1s}
      - text: It is sunny in Rome today, with a light wind from the sea in the afternoon.
        stream: {first_token: 300ms, tokens_per_second: 20}
        faults: [{stall: 1s, after: {tokens: 5}}]
"""
SHIPPED = ("tool-call", "reasoning", "internal-error", "disconnect-mid-stream", "insufficient-credits", "corrupt-frame")
SIZE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


def ask(akash: Emulator, text: str, key: str, **more: Any) -> None:
    """Ask as a program does, whatever comes back."""
    body = {"model": "zai-org/GLM-5.3", "messages": [{"role": "user", "content": text}], "stream": True} | more
    headers = {"authorization": f"Bearer {key}"}
    with suppress(httpx.HTTPError):  # some of the scenarios hang up
        httpx.post(f"{akash.url}{CHAT}", content=json.dumps(body), headers=headers, timeout=60)


def used(akash: Emulator) -> int:
    """Ask what the pictures show; the number of the inference that came after two retries."""
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]
    for name in SHIPPED:
        ask(akash, "What is the weather in Rome?", f"akml-{name}", tools=tools)
        akash.clock.advance("2s")
    for text in ("Tell me of the sea", "And of the mountains", "Which is older?"):
        ask(akash, text, "akml-mine", logprobs=True)
        akash.clock.advance("1s")
    for wait in ("500ms", "1200ms"):
        ask(akash, "What is the weather in Rome?", "akml-weather")
        akash.clock.advance(wait)
    httpx.post(f"{akash.url}/_emulator/clock", json={"run": True})
    ask(akash, "What is the weather in Rome?", "akml-weather")
    httpx.post(f"{akash.url}/_emulator/clock", json={"freeze": True})
    httpx.post(f"{akash.url}/_emulator/keys", json={"name": "ci", "policy": {"requests_per_minute": 3}})
    preset = {"model": "zai-org/GLM-5.3", "system": "You are careful.", "parameters": {"temperature": 0.2}}
    httpx.put(f"{akash.url}/_emulator/presets/careful", json=preset | {"description": "Says little, and checks it."})
    return len(httpx.get(f"{akash.url}/_emulator/inferences").json()["inferences"])


def main() -> None:
    """Take the pictures."""
    IMAGES.mkdir(exist_ok=True)
    with Emulator(clock="frozen") as akash, browser() as launched:
        httpx.put(f"{akash.url}/_emulator/scenarios/weather", content=WEATHER).raise_for_status()
        retried = used(akash)
        for name, path, complete, look in (
            ("inferences", f"inferences/{retried}", ".attempts svg", SIZE | {"scheme": "light"}),
            ("inferences-dark", f"inferences/{retried}", ".attempts svg", SIZE | {"scheme": "dark"}),
            ("inferences-phone", f"inferences/{retried}", ".attempts svg", PHONE),
            ("playground", "playground", ".parameter", SIZE),
            ("scenarios", f"scenarios/weather?line=7&run={retried}", ".rules li", SIZE),
            ("presets", "presets/careful", "form", SIZE),
            ("models", "models", ".model", SIZE),
            ("settings", "settings/keys", ".plain td", SIZE),
        ):
            with opened(launched, akash, f"#/{path}", **look) as page:
                if name == "playground":
                    page.get_by_label("Message").fill("Tell me of the sea")
                    page.get_by_label("Message").press("Enter")
                    page.get_by_role("group", name="Tokens").focus()
                page.locator(complete).first.wait_for()
                page.wait_for_load_state("networkidle" if name == "models" else "load")
                page.locator(".server time").wait_for()
                page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
