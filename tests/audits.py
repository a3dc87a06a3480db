"""Audits of logs in directories, and ways to damage them."""

from functools import cache
from pathlib import Path

from cli.audit.audit import audit
from cli.audit.report import AuditReport
from cli.progress import Silent
from shared.client.known_logs import KnownLogs
from shared.client.log_source import open_log
from shared.log.note import Verifier
from tests.editions import EditionBuilder


async def audited(
    location: Path | str,
    *,
    verifier: Verifier | None = None,
    known: KnownLogs | None = None,
    jobs: int = 1,
) -> AuditReport:
    """The report of an audit, in this process unless there are more jobs."""
    async with open_log(str(location)) as source:
        return await audit(source, progress=Silent(), verifier=verifier, known=known, jobs=jobs)


@cache
def certified() -> EditionBuilder:
    """A certified edition with one full bundle and a partial one; not to be changed."""
    builder = EditionBuilder()
    builder.prepare()
    builder.cast_many(300)
    builder.finish()
    return builder


def started(**rules: object) -> EditionBuilder:
    """A small edition in which a few people have voted."""
    builder = EditionBuilder(**rules)  # type: ignore[arg-type]  # the builder's own keywords
    builder.prepare()
    builder.cast(1, ["i01", "i02"])
    builder.cast(2, ["i02", "i03"])
    builder.cast(3, ["i02", "i01", "i04"])
    return builder


def flip(file: Path, offset: int, bit: int = 1) -> None:
    """Flip one bit of a file."""
    data = bytearray(file.read_bytes())
    data[offset] ^= bit
    file.write_bytes(data)
