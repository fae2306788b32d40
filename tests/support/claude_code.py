"""A stand-in for Claude Code, run as `claude -p PROMPT ...`: sends the same kinds of requests, and runs its tools."""

import argparse
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic

TOOLS = [
    {"name": name, "description": name, "input_schema": {"type": "object", "properties": {key: {} for key in fields}}}
    for name, *fields in (
        ("Agent", "description", "prompt", "subagent_type", "run_in_background"),
        ("Bash", "command", "description"),
        ("Edit", "file_path", "old_string", "new_string"),
        ("Read", "file_path"),
    )
]
BILLING = "x-anthropic-billing-header: cc_version=2.1.332; cc_entrypoint=sdk-cli;"
MAIN = f"# Environment\n - Primary working directory: {Path.cwd()}\n - Is a git repository: false"
SUB_AGENT = f"<env>\nWorking directory: {Path.cwd()}\nIs directory a git repo: No\n</env>"
REMINDER = "<system-reminder>\nToday's date is 2026-11-27.\n</system-reminder>\n"
AGENTS = "Available agent types for the Agent tool:\n- general-purpose: for multi-step tasks. (Tools: *)"


def main() -> None:
    """Do what the prompt asks, and print the final answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-p", dest="prompt", required=True)
    parser.add_argument("--permission-mode", choices=["acceptEdits"])
    parser.add_argument("--allowedTools", nargs="+", choices=["Bash", "Agent"])
    prompt = parser.parse_args().prompt
    with anthropic.Anthropic(max_retries=3) as client:
        messages = [{"role": "user", "content": prompt}]
        small = os.environ["ANTHROPIC_DEFAULT_HAIKU_MODEL"]
        ask(client, model=small, system="Write a title for this conversation.", messages=messages, max_tokens=100)
        client.post("/v1/messages/count_tokens", body={"model": small, "messages": messages}, cast_to=dict[str, Any])
        print(converse(client, MAIN, prompt))


def converse(client: anthropic.Anthropic, system: str, prompt: str) -> str:
    """Ask, and run the tools that are called, until the model answers with text alone."""
    user = [{"type": "text", "text": REMINDER}, {"type": "text", "text": prompt}]
    messages: list[Any] = [{"role": "user", "content": user}, {"role": "system", "content": AGENTS}]
    while True:
        message = ask(
            client,
            model=os.environ["ANTHROPIC_DEFAULT_OPUS_MODEL"],
            system=[{"type": "text", "text": text} for text in (BILLING, system)],
            messages=messages,
            tools=TOOLS,
            thinking={"type": "adaptive", "display": "updates"},
            max_tokens=32000,
        )
        results = list(results_of(client, message))
        if not results:
            return "".join(block.text for block in message.content if block.type == "text")
        messages.append({"role": "assistant", "content": [block.model_dump() for block in message.content]})
        messages.append({"role": "user", "content": results})


def ask(client: anthropic.Anthropic, **body: Any) -> Any:
    """The message that is the answer, streamed."""
    with client.messages.stream(**body, extra_query={"beta": "true"}) as stream:
        return stream.get_final_message()


def results_of(client: anthropic.Anthropic, message: Any) -> Iterator[dict[str, Any]]:
    """Run the tools that a message calls."""
    for block in message.content:
        if block.type == "tool_use":
            content = run(client, block.name, block.input)
            yield {"type": "tool_result", "tool_use_id": block.id, "content": content, "is_error": False}


def run(client: anthropic.Anthropic, tool: str, given: Any) -> str:
    """What a tool says."""
    match tool:
        case "Read":
            lines = Path(given["file_path"]).read_text().splitlines()
            return "\n".join(f"{number}\t{line}" for number, line in enumerate(lines, 1))
        case "Edit":
            path = Path(given["file_path"])
            path.write_text(re.sub(re.escape(given["old_string"]), given["new_string"], path.read_text(), count=1))
            return f"The file {path} has been updated successfully."
        case "Bash":
            return subprocess.run(["sh", "-c", given["command"]], capture_output=True, text=True, check=True).stdout
        case _:
            return converse(client, SUB_AGENT, given["prompt"])


if __name__ == "__main__":
    main()
