"""What a generated token costs, against a bare loop that draws, looks up and appends as many tokens.

Goal: at most 5 microseconds a token on the default path. Processor time, in alternating rounds, the best of each.
"""

import time
from bisect import bisect
from collections.abc import Callable
from itertools import accumulate
from random import Random

from emulator.core.seeds import Seed
from emulator.core.token_counts import count
from emulator.core.vocabulary import InferenceRequest, Message, Sampling
from emulator.generator import GeneratedChoice

ROUNDS = 9
ANSWERS = 200
QUESTION = "Explain the history of the harbour of Lisbon in detail, its ships and its trade."
SEEDS = [Seed.of(number) for number in range(ANSWERS)]
WORDS = [f" word{number}" for number in range(8)]
WEIGHTS = list(accumulate([0.125] * 8))
PATHS = {
    "default": Sampling(),
    "temperature 0": Sampling(temperature=0),
    "temperature 0.7, top_p 0.9": Sampling(temperature=0.7, top_p=0.9),
    "temperature 1.5": Sampling(temperature=1.5),
    "frequency_penalty 0.5": Sampling(frequency_penalty=0.5),
    "5 log probabilities": Sampling(logprobs=5),
}


def bare(tokens: int) -> int:
    random = Random(1).random  # noqa: S311 - nothing is secret here
    said: list[str] = []
    for _ in range(tokens):
        said.append(WORDS[bisect(WEIGHTS, random())])
    return len(said)


def answers(sampling: Sampling) -> int:
    message = Message("user", QUESTION)
    request = InferenceRequest(endpoint="chat", model="m", messages=(message,), sampling=sampling)
    choices = (GeneratedChoice(request, reasons=False, seed=seed, choice=0, limit=1_000) for seed in SEEDS)
    return sum(event.tokens for each in choices for event in each.events(0, whole=False, hide_reasoning=False))


def microseconds(work: Callable[[], int]) -> float:
    start = time.process_time()
    size = work()
    return (time.process_time() - start) / size * 1e6


def measure(name: str, sampling: Sampling) -> None:
    size = answers(sampling)
    rounds = [(microseconds(lambda: answers(sampling)), microseconds(lambda: bare(size))) for _ in range(ROUNDS)]
    ours, loop = (min(times) for times in zip(*rounds, strict=True))
    print(f"{name:28}{ours:10.2f}{loop:11.3f}{ours / loop:8.1f}")


def main() -> None:
    print(f"{'path':28}{'us/token':>10}{'bare loop':>11}{'ratio':>8}")
    for name, sampling in PATHS.items():
        measure(name, sampling)
    text = QUESTION * 20_000
    print(f"counting tokens of English: {len(text) / count(text) / microseconds(lambda: count(text)):.1f} MB/s")


if __name__ == "__main__":
    main()
