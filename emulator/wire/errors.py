"""Error responses: every refusal and failure is written here, in the error shape of the path's API."""

from collections.abc import Sequence

from starlette.responses import Response

from emulator.core import retry_after
from emulator.core.errors import ApiError
from emulator.dialects import Surface
from emulator.wire import codings
from emulator.wire.headers import JSON, answer_headers


class ErrorResponse(Response):
    """An error as a complete answer. `ids` are the inference id and the request id, `now` is in Unix seconds.

    `headers` replace the default headers of the same names.
    """

    def __init__(
        self,
        error: ApiError,
        surface: Surface,
        ids: tuple[str, str],
        now: float,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(surface.error(error, ids[1]), error.http_status)
        usual = [JSON, (b"content-length", b"%d" % len(self.body))]
        if error.retry_after is not None:
            usual.append((b"retry-after", retry_after.write(error.retry_after).encode()))
        if error.http_status == 415:
            usual.append((b"accept-encoding", codings.accepted().encode()))
        if error.kind == "too_large":  # the rest of the body is not read
            usual.append((b"connection", b"close"))
        self.raw_headers = answer_headers(usual, surface.id_headers(*ids), now, headers)
