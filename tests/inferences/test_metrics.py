"""/_emulator/metrics: what was asked and answered, as Prometheus reads it."""

import re

from support.asgi import CHAT, MESSAGES, PLAIN, ask, chat, make_engine, message

from emulator.inferences.metrics import FAMILIES
from emulator.web.app import create_app

SAMPLE = re.compile(r'([a-z0-9:_]+?)(_bucket|_count|_sum)?(\{[a-z_]+="[^"\n]*"(?:,[a-z_]+="[^"\n]*")*\})? (\S+)')


def test_metrics_count_from_the_first_scrape() -> None:
    """Requests, tokens and refusals are counted once somebody has asked; the buckets of a histogram add up."""
    app = create_app(make_engine())
    assert ask(app, "POST", CHAT, chat()).status == 200
    first = ask(app, "GET", "/_emulator/metrics", key=None)
    assert first.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "akashml_requests_total" not in first.body.decode()
    done = [ask(app, "POST", CHAT, chat(max_tokens=5)), ask(app, "POST", MESSAGES, message(stream=True))]
    assert [each.status for each in done] == [200, 200]
    assert ask(app, "POST", CHAT, {**chat(), "model": 'no"such\n'}).status == 404
    lines = ask(app, "GET", "/_emulator/metrics?x=1", key=None).body.decode().splitlines()
    assert 'akashml_requests_total{endpoint="chat",status="200"} 1' in lines
    assert 'akashml_refusals_total{kind="model_not_found"} 1' in lines
    assert f'vllm:request_success_total{{model_name="{PLAIN}"}} 2' in lines
    assert f'vllm:time_to_first_token_seconds_bucket{{model_name="{PLAIN}",le="+Inf"}} 2' in lines
    assert "vllm:num_requests_running 0" in lines
    assert "vllm:num_requests_waiting 0" in lines
    tokens = next(line for line in lines if line.startswith("vllm:generation_tokens_total"))
    assert float(tokens.rpartition(" ")[2]) > 1


def test_each_sample_belongs_to_a_metric_that_is_described() -> None:
    """The text is what Prometheus parses: a HELP and a TYPE for each metric, then its samples."""
    app = create_app(make_engine())
    ask(app, "GET", "/_emulator/metrics", key=None)
    ask(app, "POST", CHAT, chat())
    described = ""
    for line in ask(app, "GET", "/_emulator/metrics", key=None).body.decode().splitlines():
        if line.startswith("# "):
            described = line.split()[2]
            assert described in FAMILIES
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample, line
        assert sample[1] == described
        assert float(sample[4]) >= 0
