"""The subjects on NATS and the stream: the one place where their names stand.

The services publish and listen by these, the permissions of their users are made of these, and so
is the AsyncAPI document. `*` in place of an edition is every edition.
"""

from typing import Final

RUNS: Final = "huimin.log.{edition}.runs"
"""The runs of an edition's log, from the relay; one JetStream stream for each log holds them."""

TALLY: Final = "huimin.tally.{edition}"
"""An edition's tally snapshots, for dashboards; kept nowhere."""

CODES_SUBJECT: Final = "huimin.codes"
"""One-time codes, a request each; kept nowhere."""

STREAM: Final = "HUIMIN_LOG_{edition}"

ANY: Final = "*"


def run_subject(edition: str) -> str:
    """The subject that the runs of an edition's log are published on."""
    return RUNS.format(edition=edition)


def tally_subject(edition: str) -> str:
    """The subject that dashboards hear an edition's tally snapshots on."""
    return TALLY.format(edition=edition)


def stream_name(edition: str) -> str:
    """The JetStream stream that copies an edition's log."""
    return STREAM.format(edition=edition)
