"""The table of the routes under /_emulator."""

from typing import NamedTuple


class Row(NamedTuple):
    """One method of a route.

    `handler` is in this package; its module is imported on the route's first request. `query` has the names of the
    parameters and `fields` those of the body's fields; any other is refused before the handler is called. With `query`
    None any parameter is accepted, since probes add some against caches; with `fields` None the handler reads the body,
    since it is not JSON.
    """

    method: str
    path: str
    handler: str
    query: str | None = ""
    fields: str | None = ""


_FILTERS = "key endpoint model status outcome rule since until namespace scenario text"
"""The filters of inferences."""
ROUTES = (
    Row("GET", "/_emulator", "console.page", query=None),
    Row("GET", "/_emulator/console/{file}", "console.file", query=None),
    Row("GET", "/_emulator/health", "server.health", query=None),
    Row("GET", "/_emulator/ready", "server.ready", query=None),
    Row("GET", "/_emulator/openapi.json", "openapi.openapi"),
    Row("POST", "/_emulator/activate", "server.activate", fields="scenario key"),
    Row("POST", "/_emulator/reset", "server.reset", fields="key keep_scenario"),
    Row("GET", "/_emulator/snapshot", "server.state"),
    Row("PUT", "/_emulator/snapshot", "server.state", fields="version clock store"),
    Row("GET", "/_emulator/clock", "server.clock"),
    Row("POST", "/_emulator/clock", "server.clock", fields="freeze run rate set advance"),
    Row("GET", "/_emulator/scenarios", "scenarios.listing"),
    Row("GET", "/_emulator/scenarios/{name}", "scenarios.one"),
    Row("PUT", "/_emulator/scenarios/{name}", "scenarios.one", fields=None),
    Row("DELETE", "/_emulator/scenarios/{name}", "scenarios.one"),
    Row("GET", "/_emulator/scenarios/{name}/source", "scenarios.source"),
    Row("PUT", "/_emulator/scenarios/{name}/source", "scenarios.source", query="digest", fields=None),
    Row("POST", "/_emulator/check", "scenarios.check", fields=None),
    Row(
        "POST",
        "/_emulator/explain",
        "explaining.explain",
        fields="scenario text inference request endpoint headers position key",
    ),
    Row("POST", "/_emulator/code", "code.code", fields="request endpoint"),
    Row("GET", "/_emulator/schema", "scenarios.schema"),
    Row("GET", "/_emulator/models", "catalogue.models"),
    Row("GET", "/_emulator/settings", "catalogue.settings"),
    Row("GET", "/_emulator/presets", "presets.listing"),
    Row("GET", "/_emulator/presets/{name}", "presets.one", query="version"),
    Row("PUT", "/_emulator/presets/{name}", "presets.one", fields="model description system parameters"),
    Row("DELETE", "/_emulator/presets/{name}", "presets.one"),
    Row("POST", "/_emulator/presets/{name}/rename", "presets.rename", fields="name"),
    Row("GET", "/_emulator/accounts", "accounts.accounts"),
    Row("GET", "/_emulator/account", "account.account", query="key"),
    Row("PUT", "/_emulator/account", "account.account", fields="key credits trial auto_top_up keys"),
    Row("POST", "/_emulator/account", "account.account", fields="key policy"),
    Row("GET", "/_emulator/credits", "account.credits", query="key"),
    Row("POST", "/_emulator/credits", "account.credits", fields="key purchase take trial auto_top_up"),
    Row("GET", "/_emulator/ledger", "account.ledger", query="key"),
    Row("GET", "/_emulator/keys", "keys.keys"),
    Row("POST", "/_emulator/keys", "keys.keys", fields="name policy"),
    Row("GET", "/_emulator/keys/{id}", "keys.one"),
    Row("PUT", "/_emulator/keys/{id}", "keys.one", fields="policy"),
    Row("DELETE", "/_emulator/keys/{id}", "keys.one"),
    Row("POST", "/_emulator/keys/{id}/regenerate", "keys.regenerate"),
    Row("GET", "/_emulator/backends", "backends.backends", query="key"),
    Row("PUT", "/_emulator/backends", "backends.backends", fields="model backends"),
    Row(
        "GET",
        "/_emulator/inferences",
        "inferences.listing",
        query=f"{_FILTERS} limit after before order format follow",
    ),
    Row("GET", "/_emulator/inferences/{id}", "inferences.one", query="format"),
    Row("GET", "/_emulator/inferences/{id}/timeline", "single.timeline"),
    Row("GET", "/_emulator/inferences/{id}/conversation", "single.conversation"),
    Row("POST", "/_emulator/inferences/{id}/replay", "single.replay"),
    Row("GET", "/_emulator/usage", "usage.usage", query=f"{_FILTERS} from to buckets"),
    Row("GET", "/_emulator/verify", "inferences.verify", query="key most_attempts format"),
    Row("GET", "/_emulator/verdict", "inferences.verdict", query="key most_attempts"),
    Row("GET", "/_emulator/metrics", "metrics.metrics", query=None),
)
