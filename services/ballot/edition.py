"""One edition as this process knows it: its log's identity and its state, folded from milestones.

The cached state may be behind what another process appended; whoever appends compares the log size
after the last milestone under the head's lock, and refreshes.
"""

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.ballot import store, tree
from services.ballot.store import Connection, Executor, NewEntry
from shared.edition.decider import evolve
from shared.edition.events import BallotCast, decode_event
from shared.edition.inspection import Electorate
from shared.edition.manifest import LogIdentity
from shared.edition.state import EditionState
from shared.log.checkpoint import Checkpoint, sign_checkpoint
from shared.log.frontier import Frontier, Growth
from shared.log.note import Signer, Verifier


class LogBehind(Exception):
    """The database does not hold what was published: it must not be served or signed for."""


class LogKey:
    """The service's Ed25519 key; an edition's log is named `<prefix>/<edition>`."""

    def __init__(self, prefix: str, seed: bytes) -> None:
        self.prefix = prefix
        self._seed = seed
        key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = key.public_key().public_bytes_raw()

    def signer(self, edition: str) -> Signer:
        """What signs the checkpoints of an edition's log."""
        return Signer(f"{self.prefix}/{edition}", self._seed)


class Edition:
    """The log of one edition, with the edition's state as of `state.milestone_size`."""

    def __init__(self, name: str, key: LogKey) -> None:
        self.name = name
        self.signer = key.signer(name)
        self.verifier = Verifier.parse(self.signer.vkey)
        self.identity = LogIdentity(origin=self.signer.name, key=key.public)
        self.state: EditionState | None = None
        self.electorate: Electorate | None = None
        self._signed_size = 0

    @property
    def milestone_size(self) -> int:
        """The log size just after the last milestone that this process knows."""
        return self.state.milestone_size if self.state else 0

    async def refresh(self, db: Executor) -> EditionState | None:
        """Fold the milestones that were appended since, and return the state."""
        for index, entry in await store.milestones(db, self.name, self.milestone_size):
            if index < self.milestone_size:
                continue  # folded by another task while this one waited for the database
            event = decode_event(entry)
            if isinstance(event, BallotCast):
                raise store.CorruptLog(f"entry {index} of {self.name!r} is stored as a milestone")
            self.state = evolve(self.state, event, index)
            self.electorate = Electorate.of(self.state)
        return self.state

    async def append(
        self, connection: Connection, frontier: Frontier, new: list[NewEntry]
    ) -> tuple[Growth, bytes]:
        """Append under the head's lock; returns the tree's growth and the signed checkpoint.

        Nothing of it may leave the process before the transaction has committed.
        """
        if frontier.size < self._signed_size:
            raise LogBehind(
                f"this process signed {self.name!r} at size {self._signed_size} and the database"
                f" is at {frontier.size}"
            )
        growth = frontier.extend([one.leaf for one in new])
        tiles = await tree.new_tiles(
            growth,
            lambda level, first, count: tree.stored_hashes(
                connection, self.name, level, first, count
            ),
        )
        after = growth.frontier
        checkpoint = Checkpoint(self.identity.origin, after.size, growth.root)
        note = sign_checkpoint(checkpoint, self.signer)
        await store.append(connection, self.name, growth.start, new, tiles, after, note)
        return growth, note

    def committed(self, size: int) -> None:
        """Remember that a checkpoint of this size is committed and may have left the process."""
        self._signed_size = max(self._signed_size, size)


class Editions:
    """All editions of this service; those that another process announced are found when asked."""

    def __init__(self, key: LogKey, db: "asyncpg.Pool[asyncpg.Record]") -> None:
        self.key = key
        self.db = db
        self._known: dict[str, Edition] = {}

    def known(self, name: str) -> Edition | None:
        """The edition, if this process has seen it already."""
        return self._known.get(name)

    async def find(self, name: str) -> Edition | None:
        """The edition with its newest state, or None if no such log was ever begun."""
        edition = self._known.get(name) or Edition(name, self.key)
        if await edition.refresh(self.db) is None:
            return None
        return self._known.setdefault(name, edition)

    async def all(self) -> list[Edition]:
        """Every edition with its newest state, the newest edition last."""
        found = [await self.find(name) for name in await store.logs(self.db)]
        return [edition for edition in found if edition is not None]
