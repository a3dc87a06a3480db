"""What casting a ballot cannot be faster than with a typed handler: decode and both signatures.

A Litestar application with one typed handler that does nothing else: no commit, no receipt. Run as
`python -m cli.bench.baseline EDITION SPKI-FILE PORT` on the same server as the ballot service.
"""

import sys
from pathlib import Path

from litestar import Litestar, post
from msgspec import Struct

from shared.edition.ballot import Ballot, BallotRules, commitment
from shared.edition.credential import load_issuer_spki
from shared.edition.inspection import Electorate, check_ballot
from shared.service.server import Drain, serve


class Checked(Struct, frozen=True):
    """The answer: the ballot's seq."""

    seq: int


def create_app(electorate: Electorate) -> Litestar:
    """The application that only checks."""

    @post("/v1/editions/{edition:str}/ballots")
    async def check(edition: str, data: Ballot) -> Checked:
        check_ballot(
            electorate,
            data.key,
            data.credential,
            data.seq,
            commitment(data.salt, data.choices),
            data.signature,
        )
        return Checked(data.seq)

    return Litestar([check], logging_config=None, openapi_config=None)


def main() -> None:
    """Serve until told to stop."""
    edition, spki_file, port = sys.argv[1:]
    spki = Path(spki_file).read_bytes()
    rules = BallotRules(ids=frozenset(), min_choices=1, max_choices=1)
    electorate = Electorate(edition, rules, spki, load_issuer_spki(spki))
    serve(create_app(electorate), Drain(), host="127.0.0.1", port=int(port))


if __name__ == "__main__":
    main()
