"""Importing a roll: all of it or nothing, in one transaction, as it arrives.

A record becomes a reference and an encrypted phone at once; the identity number is not kept. The
district is counted for the summary and not kept either, since nothing here needs to know where a
person lives. Errors name a record by its number in the body, and never quote it.
"""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from itertools import islice

import msgspec

from services.registrar import desk_store
from services.registrar.desk_store import StagedRecord
from services.registrar.keys import RegistrarKeys
from services.registrar.store import Connection
from shared.edition.errors import UNREADABLE_JSON, Invalid
from shared.eligibility.errors import BadRollRecord, RollSealed
from shared.eligibility.identity_number import parse_identity_number
from shared.eligibility.phone_number import parse_phone_number
from shared.eligibility.views import RollRecord, RollSummary

RECORDS_AT_A_TIME = 500
"""Worked on without a break: other requests wait meanwhile, some twenty milliseconds."""

MAX_RECORDS = 100_000_000
MAX_DISTRICTS = 10_000

_decoder = msgspec.json.Decoder(RollRecord)


class RollImport:
    """The import of one edition's roll."""

    def __init__(self, keys: RegistrarKeys, edition: str) -> None:
        self._keys = keys
        self._edition = edition
        self._number = 0
        self._districts: Counter[str] = Counter()

    async def run(self, connection: Connection, lines: AsyncIterator[list[bytes]]) -> RollSummary:
        """Replace the roll, within a transaction; raises `BadRollRecord`, `RollSealed`."""
        await desk_store.make_edition(connection, self._edition)
        await self._require_open(connection)
        await desk_store.make_staging(connection)
        async for some in lines:
            rest = iter(some)
            while few := list(islice(rest, RECORDS_AT_A_TIME)):
                await desk_store.stage(connection, self._records(few))
        repeated = await desk_store.repeated_record(connection)
        if repeated is not None:
            again, first = repeated
            raise BadRollRecord(f"record {again}: the same identity number as record {first}")
        await self._require_open(connection)
        size, with_phone = await desk_store.replace_roll(connection, self._edition)
        return RollSummary(size=size, with_phone=with_phone, districts=dict(self._districts))

    async def _require_open(self, connection: Connection) -> None:
        edition = await desk_store.lock_edition(connection, self._edition)
        assert edition is not None
        if edition["mode"] is not None:
            raise RollSealed(f"the roll of {self._edition!r} was committed")

    def _records(self, lines: Sequence[bytes]) -> list[StagedRecord]:
        records = []
        for line in lines:
            self._number += 1
            if line.strip():
                records.append(self._staged(line))
        if self._number > MAX_RECORDS or len(self._districts) > MAX_DISTRICTS:
            raise BadRollRecord(
                f"record {self._number}: more than {MAX_RECORDS} people,"
                f" or more than {MAX_DISTRICTS} districts"
            )
        return records

    def _staged(self, line: bytes) -> StagedRecord:
        try:
            record = _decoder.decode(line)
            number = parse_identity_number(record.identity_number)
            phone = parse_phone_number(record.phone) if record.phone else None
        except (*UNREADABLE_JSON, Invalid) as error:
            why = error.detail if isinstance(error, Invalid) else str(error)
            raise BadRollRecord(f"record {self._number}: {why}") from None
        self._districts[record.district] += 1
        reference = self._keys.reference(self._edition, "identity", number)
        sealed = self._keys.seal_phone(self._edition, reference, phone) if phone else None
        return self._number, reference, sealed
