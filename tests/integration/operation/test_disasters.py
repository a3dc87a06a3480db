"""An installation that loses its disk, or whose streams are made wrongly, and the way back."""

import asyncio
import shutil
import time
from pathlib import Path

import pytest
from nats.js.api import StreamConfig

from cli.backup.command import backup_command
from cli.backup.restore_command import NEEDED_SECRETS, restore_command
from cli.doctor.command import doctor_command
from cli.doctor.nats_server import connected
from cli.installation import Installation
from shared.edition.views import Receipt
from shared.service.subjects import run_subject, stream_name
from tests.audits import audited
from tests.integration.operation.site import Site, printed

PROCESSES = {"ballot": 1, "tally": 1, "notify": 1, "registrar": 1}
COMES_BACK_TIMES = 20


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Where an installation of its own is to be."""
    return tmp_path / "city"


def becomes_well(site: Site, data: Path) -> None:
    """The doctor has nothing to say, once relay and tally have come back."""
    for _ in range(COMES_BACK_TIMES):
        health = site.run(doctor_command, "--data", data)
        if health.exit_code == 0:
            return
        time.sleep(1)
    raise AssertionError(health.stdout)


def test_a_backup_under_load_brings_back_a_wiped_installation(data: Path, tmp_path: Path) -> None:
    """The directory is removed; the backup and three secrets that were kept elsewhere suffice."""
    kept, backup = tmp_path / "offline", tmp_path / "backup"
    kept.mkdir(mode=0o700)
    with Installation(data, processes=PROCESSES) as installation:
        site = Site(installation, tmp_path / "state")
        site.open()
        for name in NEEDED_SECRETS:
            shutil.copy(data / "secrets" / name, kept)
        before = site.cast(5)
        later: list[Receipt] = []
        with site.load(later):
            taken = printed(site.run(backup_command, backup, "--data", data, "--json"))
    size = int(taken["logs"][0]["size"])
    assert later, "nobody voted meanwhile"
    assert size > max(receipt.index for receipt in before)

    shutil.rmtree(data)
    words = ("--data", data, "--secrets", kept, "--checkpoints", backup / "checkpoints")
    assert site.run(restore_command, backup, *words).exit_code == 0

    with Installation(data, processes=PROCESSES) as restored:
        site.move_to(restored)
        log = f"{restored.ballot_url}/log/{site.edition}"
        report = asyncio.run(audited(log))
        assert (report.verdict, report.size) == ("verified", size)
        assert {receipt.index for receipt in site.cast(3)} == {size, size + 1, size + 2}
        report = asyncio.run(audited(log))
        assert (report.verdict, report.size) == ("verified", size + 3)
        becomes_well(site, data)


def test_a_stream_that_was_made_wrongly_is_mended_as_the_doctor_says(
    data: Path, tmp_path: Path
) -> None:
    """NATS is emptied while people vote, and the relay makes the stream as it should be."""

    async def make_wrongly(installation: Installation) -> None:
        seed = installation.secrets / "ballot.nkey"
        stream, subject = stream_name("demo"), run_subject("demo")
        async with connected(installation.nats.url, "ballot", seed) as (client, _):
            await client.jetstream().add_stream(
                StreamConfig(name=stream, subjects=[subject], max_bytes=1 << 30)
            )

    with Installation(data, processes={}) as installation:
        asyncio.run(make_wrongly(installation))
    with Installation(data, processes=PROCESSES) as installation:
        site = Site(installation, tmp_path / "state")
        site.open()
        wrong = printed(site.run(doctor_command, "--data", data, "--json"), 1)["findings"]
        (finding,) = [one for one in wrong if one["level"] == "fail"]
        assert (finding["check"], finding["subject"]) == ("nats-streams", stream_name("demo"))
        assert "stop NATS, empty its store_dir" in finding["next"]["en"]
        installation.nats.stop()
        shutil.rmtree(data / "nats" / "store")
        installation.nats.start()
        site.cast(1)
        becomes_well(site, data)
