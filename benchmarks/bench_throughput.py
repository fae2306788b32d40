"""Answers per second, against a bare uvicorn app that sends the same bytes.

Goals: a whole answer of 200 tokens at 0.4x or more; an unpaced stream of 200 events at 0.3x or more.
"""

from side_by_side import bare, emulator, once, post, ratio

MODEL = "meta-llama/Llama-3.3-70B-Instruct"
QUESTION = "Tell me about the harbour of Lisbon, its ships and its history, in a few long paragraphs."


def asking(**more: object) -> dict[str, object]:
    return {"model": MODEL, "messages": [{"role": "user", "content": QUESTION}], "max_tokens": 200, **more}


def main() -> None:
    with emulator("--clock", "frozen") as server:
        for name, path, body in (
            ("chat, whole, 200 tokens", "/v1/chat/completions", asking(ignore_eos=True)),
            ("chat, stream of 200 events", "/v1/chat/completions", asking(ignore_eos=True, stream=True)),
            ("messages, whole, 200 tokens", "/anthropic/v1/messages", asking()),
            ("messages, stream", "/anthropic/v1/messages", asking(stream=True)),
        ):
            request = post(path, body)
            answer = once(server.port, request)
            events = answer.count(b"data: ")
            with bare(answer) as other:
                ratio(f"{name} ({len(answer)} bytes, {events} events)", (server, request), (other, request), 200)
            assert answer.startswith(b"HTTP/1.1 200"), answer


if __name__ == "__main__":
    main()
