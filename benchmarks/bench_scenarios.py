"""What a scenario of a hundred rules costs a request, against the same server with none.

Goal: a scripted request, and one that no rule matches, take at most 1.3x of the plain path.
"""

import tempfile
from pathlib import Path

from side_by_side import emulator, once, post, ratio

BODY = {
    "model": "meta-llama/Llama-3.3-70B-Instruct",
    "messages": [{"role": "user", "content": "The harbour of Lisbon"}],
}
RULE = """
  - when: {{last_user: {{contains: "word {number}"}}, model: "*GLM*", endpoint: chat}}
    reply: {{text: "Number {number}."}}"""


def story(last: str) -> str:
    """A hundred rules, of which at most the last one matches."""
    rules = "".join(RULE.format(number=number) for number in range(99))
    return f"name: hundred\nrules:{rules}\n  - when: {{last_user: {{contains: {last}}}}}\n    reply: {{text: TEXT}}\n"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, emulator("--clock", "frozen") as plain:
        answer = once(plain.port, post("/v1/chat/completions", dict(BODY)))
        text = answer.partition(b'"content":')[2].partition(b',"refusal"')[0].decode()
        for name, last in (("scripted by the last of 100 rules", "harbour"), ("matched by none of 100 rules", "zebra")):
            path = Path(folder) / "hundred.yaml"
            path.write_text(story(last).replace("TEXT", text))
            with emulator("--clock", "frozen", "--scenario", str(path)) as scripted:
                request = post("/v1/chat/completions", dict(BODY))
                ratio(name, (scripted, request), (plain, request), 200)


if __name__ == "__main__":
    main()
