"""How fast the registrar does what it does by itself. Tests make it faster; operation does not."""

from msgspec import Struct


class Pace(Struct, frozen=True, kw_only=True):
    """Seconds, unless it says otherwise.

    `connect_s`: how long the first look at the delivery of codes waits for NATS. A code is offered
    for `offer_s`, one attempt waits `answer_s` for its answer, and `pause_s` lie between two.
    Probes of delivery come every `probe_s`, and every `probe_failing_s` while it fails. `drain_s`
    is how long the process stays for codes that wait; so many `senders` work on them at a time. A
    phase that was read holds for `phase_s`, and for `phase_away_s` while the ballot service is
    away. Whether the day of an edition is used up is looked at every `budget_s`. A body of the
    public interface may take `body_s`, the next piece of a roll `piece_s`.
    """

    connect_s: float = 2.0
    offer_s: float = 10.0
    answer_s: float = 8.0
    pause_s: float = 0.5
    probe_s: float = 30.0
    probe_failing_s: float = 3.0
    drain_s: float = 10.0
    senders: int = 32
    phase_s: float = 2.0
    phase_away_s: float = 10.0
    budget_s: float = 60.0
    housekeeping_s: float = 60.0
    body_s: float = 10.0
    piece_s: float = 30.0
