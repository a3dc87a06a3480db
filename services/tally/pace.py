"""How often the tally looks and shows, in seconds."""

from msgspec import Struct


class Pace(Struct, frozen=True, kw_only=True):
    """The rhythm of one process.

    `discover_s`: between looks at the list of editions. `wait_s`: how long a look at NATS waits for
    a run. `compare_s`: between looks at a log's checkpoint. `confirm_s`: how long the log's own
    interface must go on contradicting what the log signed before that is held against it; longer
    than any cache may keep a checkpoint. `current_s`: how long after the last look the tally may
    still be called complete. `retry_s`: the pause after a failure. `publish_s`: between snapshots.
    `heartbeat_s`: of silence in a stream; proxies close one after 15 to 60 s.
    """

    discover_s: float = 1.0
    wait_s: float = 0.5
    compare_s: float = 3.0
    confirm_s: float = 6.0
    current_s: float = 15.0
    retry_s: float = 1.0
    publish_s: float = 1.0
    heartbeat_s: float = 12.0
