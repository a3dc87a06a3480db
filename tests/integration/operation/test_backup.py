"""Backups of a running installation under load, restores, and what must not be restored."""

import asyncio
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from cli.backup import store
from cli.backup.command import backup_command
from cli.backup.issuance import NotServable, Voted, settle
from cli.backup.restore_command import restore_command
from cli.doctor.command import doctor_command
from cli.embedded.postgres import Postgres
from cli.installation import PROCESSES, Installation
from cli.roles import database_role
from shared.edition.views import Receipt
from shared.log.checkpoint import Checkpoint, sign_checkpoint
from shared.log.note import Signer
from shared.service.migrations import migrate
from tests.audits import audited
from tests.integration.operation.site import ISSUE, REGISTER, Site, printed
from tests.servers import query

WAIT_S = 60.0


class Taken:
    """A backup that was taken while people voted, after one that was killed.

    `before` are receipts of who had voted by then, `during` of those who voted meanwhile.
    """

    def __init__(self, site: Site, directory: Path) -> None:
        self.directory = directory
        process = site.start("backup", directory, "--data", site.data)
        kill_once(process, directory.with_name(".backup.unfinished") / "tally.dump")
        self.left_by_a_kill = [path.name for path in directory.parent.iterdir()]
        self.before = site.cast(5)
        self.during: list[Receipt] = []
        with site.load(self.during):
            words = ("--data", site.data, "--with-secrets", "--json")
            self.outcome = printed(site.run(backup_command, directory, *words))

    @property
    def size(self) -> int:
        """The log's size in the backup."""
        return int(self.outcome["logs"][0]["size"])


@pytest.fixture(scope="session")
def taken(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    """A backup under load."""
    return Taken(site, tmp_path_factory.mktemp("backups") / "backup")


@pytest.fixture
def copy(taken: Taken, tmp_path: Path) -> Path:
    """A copy of the backup, to be damaged."""
    return shutil.copytree(taken.directory, tmp_path / "copy")


def published_then(taken: Taken) -> tuple[str, Path]:
    """The copies of checkpoints as they were when the backup was taken."""
    return "--checkpoints", taken.directory / "checkpoints"


class TestBackup:
    def test_it_has_every_ballot_acknowledged_before_it_began(self, taken: Taken) -> None:
        """A backup under load holds whatever had a receipt when it was begun."""
        assert taken.size > max(receipt.index for receipt in taken.before)

    def test_voting_went_on(self, taken: Taken) -> None:
        """People voted while the backup was being written."""
        assert taken.during

    def test_nobody_else_can_read_it(self, taken: Taken) -> None:
        """Directories are 0700 and files 0600."""
        modes = {path.stat().st_mode & 0o077 for path in taken.directory.rglob("*")}
        assert modes | {taken.directory.stat().st_mode & 0o077} == {0}

    def test_the_people_are_backed_up_and_restored_apart_from_the_ballots(
        self, site: Site, admin_url_file: Path, tmp_path: Path
    ) -> None:
        """Two sides on two servers have two backups, so that no backup has both."""
        people = tmp_path / "people"
        only = ("--service", "registrar", "--service", "notify")
        outcome = printed(site.run(backup_command, people, "--data", site.data, *only, "--json"))
        assert outcome["logs"] == []
        words = ("--admin-url-file", admin_url_file, *mirror(site))
        assert site.run(restore_command, people, *words).exit_code == 0
        assert databases(admin_url_file) == {"huimin_registrar", "huimin_notify"}

    def test_it_never_overwrites(self, site: Site, taken: Taken) -> None:
        """A directory that is there already is left as it is."""
        result = site.run(backup_command, taken.directory, "--data", site.data)
        assert result.exit_code == 1
        assert "is there already" in result.stderr

    def test_killed_it_leaves_nothing_under_its_name(self, taken: Taken) -> None:
        """A backup that was killed cannot be taken for one; the one after it succeeded."""
        assert taken.left_by_a_kill == [".backup.unfinished"]


class TestRestore:
    def test_after_a_kill_it_is_run_again_verified_and_served(
        self, site: Site, taken: Taken, tmp_path: Path
    ) -> None:
        """A killed restore is in nobody's way; the next one passes audit and doctor."""
        data = tmp_path / "restored"
        words = (taken.directory, "--data", data, *published_then(taken))
        process = site.start("restore", *words)
        kill_once(process, tmp_path / ".restored.unfinished" / "postgres")
        assert not data.exists()
        assert site.run(restore_command, *words).exit_code == 0
        with Installation(data, processes=dict.fromkeys(PROCESSES, 1)) as restored:
            report = asyncio.run(audited(f"{restored.ballot_url}/log/{site.edition}"))
            health = site.run(doctor_command, "--data", data)
        assert health.exit_code == 0, health.stdout
        assert (report.verdict, report.size) == ("verified", taken.size)

    def test_one_behind_what_was_published_is_refused(
        self, site: Site, taken: Taken, tmp_path: Path
    ) -> None:
        """With later checkpoints published, the older backup is refused with the reason."""
        site.cast(1)
        data = tmp_path / "restored"
        words = ("--data", data, "--checkpoints", site.installation.checkpoints, "--json")
        why = printed(site.run(restore_command, taken.directory, *words), 1)["why"]
        assert f"has {taken.size} entries in this backup" in why
        assert f"{site.published_size()} were published" in why
        assert not data.exists()

    def test_a_mirror_is_a_published_copy_too(
        self, site: Site, taken: Taken, tmp_path: Path
    ) -> None:
        """A log that a mirror has more of is refused."""
        site.cast(1)
        words = ("--data", tmp_path / "restored", *mirror(site))
        result = site.run(restore_command, taken.directory, *words)
        assert result.exit_code == 1
        assert "were published" in result.stderr

    def test_without_anything_published_to_compare_with_it_asks(
        self, site: Site, taken: Taken, tmp_path: Path
    ) -> None:
        """Nobody restores without comparison by leaving out an option."""
        result = site.run(restore_command, taken.directory, "--data", tmp_path / "restored")
        assert result.exit_code == 2

    def test_a_damaged_file_is_found(
        self, site: Site, taken: Taken, copy: Path, tmp_path: Path
    ) -> None:
        """One bit that flipped in a dump is enough to refuse the backup."""
        file = copy / "ballot.dump"
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
        words = ("--data", tmp_path / "restored", *published_then(taken))
        result = site.run(restore_command, copy, *words)
        assert result.exit_code == 1
        assert "ballot.dump is damaged" in result.stderr

    def test_a_missing_file_is_found(
        self, site: Site, taken: Taken, copy: Path, tmp_path: Path
    ) -> None:
        """A backup without one of its files is refused."""
        (copy / "registrar.dump").unlink()
        words = ("--data", tmp_path / "restored", *published_then(taken))
        result = site.run(restore_command, copy, *words)
        assert result.exit_code == 1
        assert "registrar.dump is missing" in result.stderr

    def test_a_file_that_was_put_in_is_found(
        self, site: Site, taken: Taken, copy: Path, tmp_path: Path
    ) -> None:
        """Nobody becomes an announcer by a file that the manifest does not name."""
        (copy / "announcers" / "mallory.pub").touch()
        words = ("--data", tmp_path / "restored", *published_then(taken))
        result = site.run(restore_command, copy, *words)
        assert result.exit_code == 1
        assert "announcers/mallory.pub" in result.stderr

    def test_the_wrong_log_key_is_found(
        self, site: Site, taken: Taken, copy: Path, tmp_path: Path
    ) -> None:
        """Secrets of another installation could not continue the log."""
        secrets = shutil.copytree(copy / "secrets", tmp_path / "secrets")
        (secrets / "log-key.seed").write_text("A" * 43 + "=\n")
        words = ("--data", tmp_path / "restored", "--secrets", secrets, *published_then(taken))
        result = site.run(restore_command, copy, *words)
        assert result.exit_code == 1
        assert "is not the key of the log" in result.stderr

    def test_another_history_than_the_published_one_is_refused(
        self, site: Site, taken: Taken, admin_url_file: Path, tmp_path: Path
    ) -> None:
        """A signed checkpoint with another root, of a size that the log has, means a fork."""
        origin = taken.outcome["logs"][0]["origin"]
        signer = Signer(origin, site.installation.log_key_seed)
        note = sign_checkpoint(Checkpoint(origin, 7, bytes(32)), signer)
        (tmp_path / f"{site.edition}.checkpoint").write_bytes(note)
        words = ("--admin-url-file", admin_url_file, "--checkpoints", tmp_path)
        result = site.run(restore_command, taken.directory, *words)
        assert result.exit_code == 1
        assert "another root at size 7" in result.stderr
        assert databases(admin_url_file) == set()

    def test_a_postgresql_server_gets_all_databases_or_none(
        self, site: Site, taken: Taken, admin_url_file: Path
    ) -> None:
        """On a server of one's own the databases appear under their names once verified."""
        words = (taken.directory, "--admin-url-file", admin_url_file, *published_then(taken))
        assert site.run(restore_command, *words).exit_code == 0
        again = site.run(restore_command, *words)
        assert again.exit_code == 1
        assert "there is a database" in again.stderr


@pytest.fixture(scope="session")
def people(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of the people's side alone, of an edition that is open."""
    people = tmp_path_factory.mktemp("people") / "people"
    words = ("--data", site.data, "--service", "registrar", "--service", "notify")
    assert site.run(backup_command, people, *words).exit_code == 0
    return people


class TestRegistrar:
    """Credentials that were issued after a backup are in no log."""

    def test_it_issues_no_more(self, site: Site, people: Path, admin_url_file: Path) -> None:
        """Whoever it may have forgotten gets no second credential."""
        words = (people, "--admin-url-file", admin_url_file, *mirror(site), "--json")
        outcome = printed(site.run(restore_command, *words))
        assert [one["issuance"] for one in outcome["issuance"]] == ["shut"]
        with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError, match="no credential"):
            issue_one(admin_url_file, site.edition)

    def test_it_says_what_that_means(self, site: Site, people: Path, admin_url_file: Path) -> None:
        """Somebody has to decide, and learns it in both languages."""
        words = (people, "--admin-url-file", admin_url_file, *mirror(site))
        said = site.run(restore_command, *words).stderr
        assert "可能再领一次、投两次票" in said
        assert "restore it again with --accept-forgotten-issuance demo" in said

    def test_it_goes_on_where_the_risk_is_taken(
        self, site: Site, people: Path, admin_url_file: Path
    ) -> None:
        """For the edition that is named."""
        words = (people, "--admin-url-file", admin_url_file, *mirror(site), "--json")
        accepted = ("--accept-forgotten-issuance", site.edition)
        outcome = printed(site.run(restore_command, *words, *accepted))
        assert [one["issuance"] for one in outcome["issuance"]] == ["open"]
        issue_one(admin_url_file, site.edition)

    def test_another_edition_named_is_refused(
        self, site: Site, people: Path, admin_url_file: Path
    ) -> None:
        """A name that was mistyped shuts nothing that was to stay open."""
        words = (people, "--admin-url-file", admin_url_file, *mirror(site))
        result = site.run(restore_command, *words, "--accept-forgotten-issuance", "dema")
        assert result.exit_code == 1
        assert "names dema" in result.stderr
        assert databases(admin_url_file) == set()

    def test_without_the_log_it_is_refused(
        self, site: Site, people: Path, admin_url_file: Path
    ) -> None:
        """Nothing in it says how many people voted."""
        result = site.run(restore_command, people, "--admin-url-file", admin_url_file)
        assert result.exit_code == 1
        assert "without the log of 'demo'" in result.stderr
        assert databases(admin_url_file) == set()

    def test_a_mirror_that_has_no_log_is_said(
        self, site: Site, people: Path, admin_url_file: Path, tmp_path: Path
    ) -> None:
        """An empty directory in place of an export."""
        words = (people, "--admin-url-file", admin_url_file, "--mirror", tmp_path)
        result = site.run(restore_command, *words)
        assert result.exit_code == 3
        assert "has no log" in result.stderr
        assert databases(admin_url_file) == set()

    def test_credentials_of_a_log_that_was_left_out_are_found(
        self, site: Site, people: Path, admin_url_file: Path
    ) -> None:
        """Credentials are given out only after something was published."""
        words = (people, "--admin-url-file", admin_url_file, "--nothing-published")
        result = site.run(restore_command, *words)
        assert result.exit_code == 1
        assert "300 credentials were issued for 'demo'" in result.stderr

    async def test_one_behind_its_ballots_is_refused(
        self, postgres_server: Postgres, database: str
    ) -> None:
        """Where two credentials are known and three people voted, one could vote again."""
        url = postgres_server.admin_dsn.replace("/postgres?", f"/{database}?")
        async with store.connected(url) as registrar:
            await store.ensure_role(registrar, database_role("registrar"), login=True)
            await migrate(registrar, "services.registrar")
            await registrar.execute(REGISTER, "demo")
            await registrar.execute(ISSUE, "demo", 2)
            with pytest.raises(NotServable, match="issued 2 credentials"):
                await settle(registrar, {"demo": Voted("open", 3)}, ["demo"], every_log=True)

    @pytest.mark.parametrize(
        ("phase", "issuance"), [("announced", "open"), ("rolled", "shut"), ("closed", "ended")]
    )
    async def test_only_an_edition_that_gives_out_credentials_is_shut(
        self, postgres_server: Postgres, database: str, phase: str, issuance: str
    ) -> None:
        """Before its roll is in the log there are none to forget; after the close none to get."""
        url = postgres_server.admin_dsn.replace("/postgres?", f"/{database}?")
        async with store.connected(url) as registrar:
            await store.ensure_role(registrar, database_role("registrar"), login=True)
            await migrate(registrar, "services.registrar")
            await registrar.execute(REGISTER, "demo")
            found = await settle(registrar, {"demo": Voted(phase, 0)}, [], every_log=True)
        assert [one.issuance for one in found] == [issuance]


def mirror(site: Site) -> tuple[str, str]:
    """The running service's log."""
    return "--mirror", f"{site.installation.ballot_url}/log/{site.edition}"


def issue_one(admin_url_file: Path, edition: str) -> None:
    """What the registrar does for somebody whom it does not know."""
    url = admin_url_file.read_text().replace("/postgres?", "/huimin_registrar?")
    query(
        url,
        """INSERT INTO issuances (edition, reference, blinded_hash, channel)
           VALUES ($1, sha256('new'), sha256(''), 'phone')""",
        edition,
    )


@pytest.fixture
def admin_url_file(postgres_server: Postgres, tmp_path: Path) -> Iterator[Path]:
    """The URL of a server without databases of ours; what is restored there is dropped."""
    file = tmp_path / "admin.url"
    file.write_text(postgres_server.admin_dsn)
    yield file
    for name in ("ballot", "registrar", "tally", "notify"):
        query(postgres_server.admin_dsn, f"DROP DATABASE IF EXISTS huimin_{name} WITH (FORCE)")


def databases(admin_url_file: Path) -> set[str]:
    """Those of ours on the server."""
    rows = query(
        admin_url_file.read_text(), "SELECT datname FROM pg_database WHERE datname ~ '^huimin_'"
    )
    return {row[0] for row in rows}


def kill_once(process: "subprocess.Popen[bytes]", there: Path) -> None:
    """End the process without warning as soon as this file is there."""
    deadline = time.monotonic() + WAIT_S
    while not there.exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
