"""How patient a serving process is with its clients, and with itself when it stops."""

from msgspec import Struct


class ServerPace(Struct, frozen=True, kw_only=True):
    """Seconds, unless it says otherwise. Tests make it faster; operation sets `notice_s` alone.

    `arrival_s`: a request must have arrived as a whole within it, and a second more for each
    `slowest_bytes_s` bytes. `keep_alive_s`: how long a connection may be idle. `connections`: how
    many there may be, if there are as many open files. The rest is about stopping, in the order in
    which it counts: `notice_s`, for which new connections are accepted; `last_request_s`, for which
    one may be idle then; `requests_s`, after which whoever waits is answered 503; `grace_s`, after
    which the process ends, whatever hangs. The last two begin when the notice is over.
    """

    arrival_s: float = 15.0
    slowest_bytes_s: int = 500
    keep_alive_s: int = 75
    connections: int = 20_000
    notice_s: float = 0.0
    last_request_s: float = 2.0
    requests_s: float = 15.0
    grace_s: float = 25.0
