"""Reporting issuance after the close, and proving against the report.

A report ends issuance for good and forgets the issuer's private key, so no credential can come
after it. What was issued does not change any more, so the report can be asked for again, and the
tree for proofs is built once in a process, for the edition asked for last.
"""

import asyncio
from typing import Final

from services.registrar import desk_store, store
from services.registrar.editions import Editions
from services.registrar.errors import NotClosed
from services.registrar.store import Channel, Connection, Pool, session
from shared.edition.commands import ChannelIssuance
from shared.eligibility.references import ReferenceTree, references_root
from shared.eligibility.views import IssuanceReport

CHANNELS: Final[tuple[Channel, ...]] = ("phone", "counter")


class Reports:
    """Reports of issuance, and the trees over what was issued."""

    def __init__(self, pool: Pool, editions: Editions) -> None:
        self._pool = pool
        self._editions = editions
        self._tree: tuple[str, ReferenceTree] | None = None
        self._planting = asyncio.Lock()

    async def report(self, name: str) -> IssuanceReport:
        """End issuance and say what was issued; raises `NotClosed` while voting goes on."""
        async with session(self._pool) as connection:
            edition = await self._editions.committed(connection, name)
            if await self._editions.issuing(edition) != "closed":
                raise NotClosed(f"{name!r} still gives out credentials")
            async with connection.transaction():
                # Waits for issuances under way; those that come later are refused.
                await desk_store.lock_edition(connection, name)
                await desk_store.report(connection, name)
            return await _report(connection, name)

    async def tree(self, connection: Connection, name: str) -> ReferenceTree:
        """The tree over those to whom a credential was issued, of an edition that was reported."""
        async with self._planting:
            if self._tree is None or self._tree[0] != name:
                references = await store.issued_references(connection, name)
                self._tree = (name, await asyncio.to_thread(ReferenceTree, references))
            return self._tree[1]


async def _report(connection: Connection, name: str) -> IssuanceReport:
    everybody = await store.issued_references(connection, name)
    root = await asyncio.to_thread(references_root, everybody)
    channels = []
    for channel in CHANNELS:
        references = await store.issued_references(connection, name, channel)
        channels.append(
            ChannelIssuance(
                channel=channel,
                issued=len(references),
                root=await asyncio.to_thread(references_root, references),
            )
        )
    return IssuanceReport(issued=len(everybody), root=root, channels=tuple(channels))
