"""What admission and settlement cost a request: a server with every limit, each of them far away, by one with none.

Goal: at least 0.9x of the plain server. The clock runs, so that the windows fill with all requests of a minute.
"""

from side_by_side import emulator, post, ratio

BODY = {
    "model": "meta-llama/Llama-3.3-70B-Instruct",
    "messages": [{"role": "user", "content": "The harbour of Lisbon"}],
    "max_tokens": 200,
}
FAR_AWAY = str(10**9)
LIMITS = ("--requests-per-minute", "--tokens-per-minute", "--concurrency")


def main() -> None:
    limits = [argument for flag in LIMITS for argument in (flag, FAR_AWAY)]
    whole, streamed = (post("/v1/chat/completions", BODY | {"stream": stream}) for stream in (False, True))
    with (
        emulator() as plain,
        emulator(*limits[:2]) as counted,
        emulator("--credits", FAR_AWAY) as paying,
        emulator(*limits, "--credits", FAR_AWAY) as limited,
    ):
        ratio("one window, whole", (counted, whole), (plain, whole), 200)
        ratio("credits, whole", (paying, whole), (plain, whole), 200)
        ratio("all limits, whole", (limited, whole), (plain, whole), 200)
        ratio("all limits, streamed", (limited, streamed), (plain, streamed), 200)


if __name__ == "__main__":
    main()
