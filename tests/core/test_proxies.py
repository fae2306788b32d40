"""The variables with which clients bypass a proxy."""

import pytest

from emulator.core.proxies import no_proxy, proxied

LOOPBACK = "127.0.0.1,localhost,::1"


@pytest.mark.parametrize(
    ("given", "upper", "lower"),
    [
        ({}, LOOPBACK, LOOPBACK),
        ({"NO_PROXY": "a.example"}, f"a.example,{LOOPBACK}", f"a.example,{LOOPBACK}"),
        ({"no_proxy": "a.example, .b"}, f"a.example,.b,{LOOPBACK}", f"a.example,.b,{LOOPBACK}"),
        ({"NO_PROXY": "a", "no_proxy": "b"}, f"a,{LOOPBACK}", f"b,{LOOPBACK}"),
        ({"NO_PROXY": "a", "no_proxy": ""}, f"a,{LOOPBACK}", f"a,{LOOPBACK}"),
        ({"NO_PROXY": "localhost"}, "localhost,127.0.0.1,::1", "localhost,127.0.0.1,::1"),
        ({"NO_PROXY": "*"}, "*", "*"),
    ],
)
def test_the_hosts_that_are_there_stay(given: dict[str, str], upper: str, lower: str) -> None:
    """The loopback names are added to both variables, whichever the environment has; `*` stands alone."""
    assert no_proxy(given) == {"NO_PROXY": upper, "no_proxy": lower}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, False),
        ({"HTTPS_PROXY": "http://proxy:3128"}, False),
        ({"HTTP_PROXY": ""}, False),
        ({"HTTP_PROXY": "http://proxy:3128"}, True),
        ({"http_proxy": "http://proxy:3128"}, True),
        ({"ALL_PROXY": "http://proxy:3128"}, True),
        ({"all_proxy": "http://proxy:3128"}, True),
    ],
)
def test_a_proxy_for_http(given: dict[str, str], expected: bool) -> None:
    """The variables count in upper and lower case; one for HTTPS says nothing of an http:// URL."""
    assert proxied(given) is expected
