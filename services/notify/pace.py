"""How often this service looks, and how patient it is, in seconds."""

from msgspec import Struct


class Pace(Struct, frozen=True, kw_only=True):
    """The rhythm of one process.

    `look_s`: between looks at the ballot service. `stir_s`: the least time between two looks,
    however often the log stirs. `poll_s`: between looks for messages that fell due. `orphans_s`:
    between looks for messages whose sender has gone. `retry_s`: the pause after a failure of our
    own. `report_s`: between lines in the log while something goes out. `tidy_s`: between rounds of
    forgetting. `first_backoff_s` and `longest_backoff_s`: how long a message waits after its first
    failure, and at most. `drain_s`: how long messages under way are waited for at the end.
    """

    look_s: float = 3.0
    stir_s: float = 1.0
    poll_s: float = 1.0
    orphans_s: float = 2.0
    retry_s: float = 1.0
    report_s: float = 5.0
    tidy_s: float = 600.0
    first_backoff_s: float = 5.0
    longest_backoff_s: float = 1800.0
    drain_s: float = 20.0
