"""What the registrar's desk does: rolls, commitments, counter codes, reports, forgetting."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from services.registrar import desk_store
from services.registrar.codes import new_counter_code, read_counter_code
from services.registrar.errors import (
    CounterCodeUsed,
    NotReported,
    RollNotEmpty,
    UnknownCounterCode,
    UnknownEditionAtDesk,
)
from services.registrar.keys import RegistrarKeys
from services.registrar.roll import RollImport
from services.registrar.store import Connection, Pool, session
from shared.edition.credential import generate_issuer_key, issuer_spki
from shared.eligibility.errors import NotIssuing, RollMissing, RollSealed
from shared.eligibility.references import references_root
from shared.eligibility.views import (
    Commitment,
    CommitmentRequest,
    CounterBatches,
    CounterCodes,
    CounterCodesRequest,
    DeskView,
    PhonesForgotten,
    RollSummary,
)
from shared.service.problem import Overloaded

MAX_IMPORTS = 2
"""At a time in one process: each holds a connection for as long as it takes."""


class Desk:
    """The desk's work, edition by edition."""

    def __init__(self, pool: Pool, keys: RegistrarKeys) -> None:
        self._pool = pool
        self._keys = keys
        self._imports = 0

    async def import_roll(self, edition: str, lines: AsyncIterator[list[bytes]]) -> RollSummary:
        """Replace the roll; raises `BadRollRecord`, `RollSealed`, and what `lines` raises."""
        if self._imports == MAX_IMPORTS:
            raise Overloaded(f"{self._imports} rolls are being imported")
        self._imports += 1
        try:
            async with session(self._pool) as connection:
                async with connection.transaction():
                    summary = await RollImport(self._keys, edition).run(connection, lines)
                await desk_store.analyse_roll(connection)
        finally:
            self._imports -= 1
        return summary

    async def commit(self, edition: str, request: CommitmentRequest) -> Commitment:
        """Seal the roll and make the issuer's key; the same answer when asked again.

        Raises `RollMissing` in mode `roll` without a roll, `RollNotEmpty` in mode `phone` with one,
        `RollSealed` when it was committed in the other mode.
        """
        issuer_key = await asyncio.to_thread(generate_issuer_key)
        async with session(self._pool) as connection, connection.transaction():
            await desk_store.make_edition(connection, edition)
            row = await desk_store.lock_edition(connection, edition)
            assert row is not None
            if row["mode"] is None:
                references = await desk_store.roll_references(connection, edition)
                _check_roll(edition, request, len(references))
                await desk_store.seal(
                    connection,
                    edition,
                    mode=request.mode,
                    root=await asyncio.to_thread(references_root, references),
                    issuer_key=issuer_spki(issuer_key.public_key()),
                    wrapped_key=self._keys.seal_issuer_key(edition, issuer_key),
                )
                row = await desk_store.lock_edition(connection, edition)
                assert row is not None
        if row["mode"] != request.mode:
            raise RollSealed(f"{edition!r} was committed in mode {row['mode']}")
        return Commitment(
            size=row["size"], root=row["root"], issuer_key=row["issuer_key"], mode=row["mode"]
        )

    async def references(self, edition: str) -> AsyncIterator[bytes]:
        """The roll's references as lines of text, ascending; whole once the roll is sealed."""
        async for some in desk_store.read_references(self._pool, edition):
            yield b"".join(b"%s\n" % one.hex().encode() for one in some)

    async def make_counter_codes(self, edition: str, request: CounterCodesRequest) -> CounterCodes:
        """New counter codes; only their hashes are kept. Raises `NotIssuing` after the report."""
        codes = tuple(new_counter_code() for _ in range(request.count))
        hashes = [self._keys.counter_code_hash(edition, read_counter_code(code)) for code in codes]
        async with self._locked(edition) as (connection, row):
            if row["reported"]:
                raise NotIssuing(f"issuance of {edition!r} was reported")
            first = await desk_store.add_counter_codes(connection, edition, request.batch, hashes)
        return CounterCodes(batch=request.batch, first_serial=first, codes=codes)

    async def void_counter_codes(self, edition: str, serials: Sequence[int]) -> CounterBatches:
        """Void these codes, or none of them; the same again changes nothing.

        Raises `UnknownCounterCode`, and `CounterCodeUsed` for one that stands for somebody.
        """
        await self.view(edition)
        # The edition is not locked: whoever uses a code has that one's lock before the edition's.
        async with session(self._pool) as connection, connection.transaction():
            found = await desk_store.lock_counter_codes(connection, edition, serials)
            if missing := set(serials) - found.keys():
                raise UnknownCounterCode(f"none has the number {min(missing)}; nothing was voided")
            if used := [serial for serial, is_used in found.items() if is_used]:
                raise CounterCodeUsed(f"number {used[0]} was used; nothing was voided")
            await desk_store.void_counter_codes(connection, edition, serials)
            return CounterBatches(await desk_store.counter_batches(connection, edition))

    async def counter_batches(self, edition: str) -> CounterBatches:
        """The counter codes in numbers, lot by lot; raises `UnknownEditionAtDesk`."""
        await self.view(edition)
        async with session(self._pool) as connection:
            return CounterBatches(await desk_store.counter_batches(connection, edition))

    async def view(self, edition: str) -> DeskView:
        """The edition in numbers; raises `UnknownEditionAtDesk`."""
        async with session(self._pool) as connection:
            view = await desk_store.desk_view(connection, edition)
        if view is None:
            raise _unknown(edition)
        return view

    async def forget_phones(self, edition: str) -> PhonesForgotten:
        """Remove the phones of a roll whose issuance was reported; raises `NotReported`.

        The roll's file, which all editions share, is written anew, so they are gone from it; but
        not while people register anywhere, since they would have to wait. Backups and archived logs
        of the database are the operator's to delete.
        """
        async with self._locked(edition) as (connection, row):
            if not row["reported"]:
                raise NotReported(f"codes may still be asked for in {edition!r}")
            await desk_store.forget_phones(connection, edition)
        async with session(self._pool) as connection:
            open_editions = await desk_store.unreported(connection)
            if open_editions or not await desk_store.rewrite_roll(connection):
                await desk_store.vacuum_roll(connection)
                return PhonesForgotten(rewritten=False, open_editions=open_editions)
        return PhonesForgotten(rewritten=True)

    @asynccontextmanager
    async def _locked(self, edition: str) -> AsyncIterator[tuple[Connection, desk_store.Row]]:
        async with session(self._pool) as connection, connection.transaction():
            row = await desk_store.lock_edition(connection, edition)
            if row is None:
                raise _unknown(edition)
            yield connection, row


def _check_roll(edition: str, request: CommitmentRequest, size: int) -> None:
    if request.mode == "roll" and size == 0:
        raise RollMissing(f"nobody is on the roll of {edition!r}")
    if request.mode == "phone" and size > 0:
        raise RollNotEmpty(f"{size} people are on the roll of {edition!r}")


def _unknown(edition: str) -> UnknownEditionAtDesk:
    return UnknownEditionAtDesk(f"{edition!r} has neither roll nor commitment here")
