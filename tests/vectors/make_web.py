"""Writes `web.json`, with which the pages' library is tested (`python -m tests.vectors.make_web`).

Values are made by `shared/`, the library's model. Signatures that are made anew each time differ
from run to run, and are as good.
"""

from base64 import b64encode
from pathlib import Path
from typing import Final

import msgspec

from shared.edition.ballot import commitment, signed_message, voter_key_bytes
from shared.edition.credential import credential_message, issuer_spki
from shared.log.merkle import leaf_hash
from tests.editions import ISSUER, EditionBuilder, issuer_key, voter

FILE: Final = Path(__file__).with_name("web.json")
_NUMBER: Final = 7
_BALLOTS: Final = 290  # more than a tile


def main() -> None:
    """Write the file."""
    builder = EditionBuilder("vectors-2027")
    builder.prepare()
    for number in range(_BALLOTS):
        builder.cast(number, ["i03", "i01"])
    index, ballot = builder.ballots[_NUMBER]
    who = voter(_NUMBER, builder.edition, ISSUER)
    spki = issuer_spki(issuer_key(ISSUER).public_key())
    commitment_ = commitment(ballot.salt, ballot.choices)
    tree = builder.tree()
    vectors = {
        "origin": "written by tests/vectors/make_web.py",
        "vkey": builder.verifier.vkey,
        "edition": builder.edition,
        "receipt": builder.receipt(index),
        "leaf": leaf_hash(builder.entries[index]),
        "root": tree.root,
        "issuer": spki,
        "message": credential_message(builder.edition, spki, ballot.key),
        "ballot": {
            "secret": who.key.private_numbers().private_value.to_bytes(32),
            "point": voter_key_bytes(who.key),
            "credential": ballot.credential,
            "seq": ballot.seq,
            "choices": ballot.choices,
            "salt": ballot.salt,
            "commitment": commitment_,
            "message": signed_message(builder.edition, ballot.seq, commitment_),
            "signature": ballot.signature,
        },
        "files": {
            path: b64encode(data).decode()
            for path, data in tree.files(None).items()
            if not path.startswith("tile/entries")
        },
        "checkpoint_293": builder.tree(293).checkpoint().decode(),
        "earlier": {size: builder.tree(size).root for size in (1, 4, 100, 255, 256, 257, 293)},
    }
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(vectors), indent=1) + b"\n")


if __name__ == "__main__":
    main()
