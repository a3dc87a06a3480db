"""What the doctor finds, each in a real part that really is so; and nothing where all is well."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.doctor import rights
from cli.doctor.command import doctor_command
from cli.embedded import cluster
from cli.embedded.endpoint import free_port
from cli.embedded.nats import NatsServer
from cli.embedded.postgres import Postgres
from shared.log.checkpoint import Checkpoint, sign_checkpoint
from shared.log.note import Signer
from tests.integration.operation.expected import found as found_rights
from tests.integration.operation.parts import jetstream, service_with_clock, tls_server
from tests.integration.operation.site import Site, printed
from tests.servers import query, seed_file


def findings(site: Site, exit_code: int, *words: str | Path) -> list[dict[str, Any]]:
    """What the doctor says of the parts named, if it ends with this exit code."""
    found = printed(site.run(doctor_command, "--json", *words), exit_code)["findings"]
    assert isinstance(found, list)
    return found


def failing(found: list[dict[str, Any]]) -> dict[str, str]:
    """Evidence of what fails, by the check's name."""
    evidence: dict[str, list[str]] = {}
    for one in found:
        if one["level"] == "fail":
            evidence.setdefault(one["check"], []).append(one["evidence"])
    return {check: "; ".join(all_of_it) for check, all_of_it in evidence.items()}


def test_a_healthy_installation_has_no_finding(site: Site) -> None:
    """All is well, and only what is not part of an embedded installation is not checked."""
    found = findings(site, 0, "--data", site.data)
    assert [one for one in found if one["level"] in ("fail", "warn")] == []
    unchecked = {one["check"] for one in found if one["level"] == "unchecked"}
    assert unchecked == {"certificates"}


def test_people_read_it_in_two_languages(site: Site) -> None:
    """Without --json each finding is a line with Chinese and English."""
    output = site.run(doctor_command, "--data", site.data).stdout
    assert "日志只能追加 / the log can only be appended to" in output


def test_the_rights_expected_are_those_of_the_migrations(site: Site) -> None:
    """`expected.json` is what a new installation has."""
    assert asyncio.run(found_rights(site.installation)) == rights.expected()


def test_fsync_off_is_found(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PostgreSQL server that runs without fsync."""
    monkeypatch.setitem(cluster._FIXED, "fsync", "off")
    with Postgres(tmp_path / "data") as server:
        url = tmp_path / "admin.url"
        url.write_text(server.admin_dsn)
        found = findings(site, 1, "--admin-url-file", url)
    assert "fsync = off" in failing(found)["postgresql-fsync"]


def test_asynchronous_commit_for_one_role_is_found(site: Site) -> None:
    """`ALTER ROLE ... SET synchronous_commit = off` hides from the server's own settings."""
    admin = site.installation.postgres.admin_dsn
    query(admin, "ALTER ROLE huimin_ballot SET synchronous_commit = off")
    try:
        found = findings(site, 1, "--data", site.data)
    finally:
        query(admin, "ALTER ROLE huimin_ballot RESET synchronous_commit")
    assert "huimin_ballot: off" in failing(found)["postgresql-synchronous-commit"]


@pytest.mark.parametrize(
    ("settings", "level"),
    [("", "fail"), ("sync_interval: 10s", "fail"), ("sync_interval: always", "ok")],
    ids=["default", "seconds", "always"],
)
def test_sync_interval_is_seen_in_a_running_server(
    site: Site, tmp_path: Path, settings: str, level: str
) -> None:
    """The monitoring endpoint of a real nats-server says what it runs with."""
    with jetstream(tmp_path, settings) as monitor:
        result = site.run(doctor_command, "--json", "--nats-monitor", monitor)
    found = json.loads(result.stdout)["findings"]
    assert {one["level"] for one in found if one["check"] == "nats-sync-interval"} == {level}


def test_a_configuration_without_sync_interval_is_found(site: Site, tmp_path: Path) -> None:
    """Without a monitoring endpoint the file tells; a comment in it does not."""
    config = tmp_path / "nats.conf"
    config.write_text("jetstream {\n  store_dir: store  # sync_interval: always\n}\n")
    found = findings(site, 1, "--nats-config", config)
    assert "2m (default)" in failing(found)["nats-sync-interval"]


@pytest.mark.parametrize(
    ("give", "take", "evidence"),
    [
        (
            "GRANT UPDATE ON entries TO huimin_ballot",
            "REVOKE UPDATE ON entries FROM huimin_ballot",
            "UPDATE ON TABLE entries TO huimin_ballot",
        ),
        (
            "GRANT EXECUTE ON FUNCTION append TO PUBLIC",
            "REVOKE EXECUTE ON FUNCTION append FROM PUBLIC",
            "EXECUTE ON FUNCTION append TO PUBLIC",
        ),
        (
            "ALTER ROLE huimin_ballot CREATEROLE",
            "ALTER ROLE huimin_ballot NOCREATEROLE",
            "CREATEROLE",
        ),
        (
            "GRANT huimin_ballot_owner TO huimin_ballot",
            "REVOKE huimin_ballot_owner FROM huimin_ballot",
            "member of huimin_ballot_owner",
        ),
        (
            "ALTER TABLE entries DISABLE TRIGGER append_only",
            "ALTER TABLE entries ENABLE ALWAYS TRIGGER append_only",
            "entries.append_only",
        ),
    ],
    ids=["table", "function", "power", "membership", "trigger"],
)
def test_a_role_with_too_many_rights_is_found(
    site: Site, give: str, take: str, evidence: str
) -> None:
    """What somebody gave by hand is found with the ballot service's own role, and named."""
    admin = site.installation.postgres
    url = admin.admin_dsn.replace("/postgres?", "/huimin_ballot?")
    file = site.installation.secrets / "ballot.database-url"
    query(url, give)
    try:
        found = findings(site, 1, "--database", f"ballot={file}")
    finally:
        query(url, take)
    assert evidence in failing(found)["permissions"]


def test_a_nats_user_with_too_many_rights_is_found(site: Site, nats_server: NatsServer) -> None:
    """A user of a real server who may use every subject; nothing is deleted to find out."""
    seed = seed_file(nats_server.data, "tests")
    words = ("--nats", nats_server.url, "--nkey-file", f"ballot={seed}")
    evidence = failing(findings(site, 1, *words))["nats-permissions"]
    assert "$JS.API.STREAM.PURGE" in evidence
    assert "_INBOX_registrar.>" in evidence


@pytest.mark.parametrize("by", ["the service", "the database"])
def test_a_log_behind_its_published_copy_is_found(site: Site, tmp_path: Path, by: str) -> None:
    """A signed checkpoint of more entries than the log has: somebody restored an old database."""
    behind = publish(site, tmp_path, site.published_size() + 1000)
    words = {
        "the service": ("--ballot", site.installation.ballot_url),
        "the database": (
            "--database",
            f"ballot={site.installation.secrets / 'ballot.database-url'}",
        ),
    }
    found = findings(site, 1, "--checkpoints", tmp_path, *words[by])
    assert f"{behind} were published" in failing(found)["log-behind-copy"]


def test_another_history_than_the_published_one_is_found(site: Site, tmp_path: Path) -> None:
    """A signed checkpoint that the database never had."""
    publish(site, tmp_path, site.published_size())
    file = site.installation.secrets / "ballot.database-url"
    found = findings(site, 1, "--checkpoints", tmp_path, "--database", f"ballot={file}")
    assert "another root" in failing(found)["log-behind-copy"]


def test_a_clock_off_by_a_minute_is_found(site: Site, tmp_path: Path) -> None:
    """A service process whose clock is a minute late."""
    with service_with_clock(site, tmp_path, -60) as url:
        found = findings(site, 1, "--tally", url)
    assert failing(found)["clocks"].endswith("慢 behind")


def test_an_expired_certificate_is_found(site: Site, tmp_path: Path) -> None:
    """A TLS server whose certificate ended yesterday, under an authority that is trusted."""
    with tls_server(tmp_path, expires=timedelta(days=-1)) as (url, authority):
        found = findings(site, 1, "--public", url, "--ca-file", authority)
    assert "expired" in failing(found)["certificates"]


def test_a_certificate_that_expires_soon_is_a_warning(site: Site, tmp_path: Path) -> None:
    """There is time to renew it."""
    with tls_server(tmp_path, expires=timedelta(days=5)) as (url, authority):
        found = findings(site, 0, "--public", url, "--ca-file", authority)
    assert {one["level"] for one in found if one["check"] == "certificates"} == {"warn"}


def test_a_certificate_of_another_name_is_found(site: Site, tmp_path: Path) -> None:
    """The certificate is good, and not this server's."""
    with tls_server(tmp_path, expires=timedelta(days=90), name="example.org") as (url, authority):
        found = findings(site, 1, "--public", url, "--ca-file", authority)
    assert "mismatch" in failing(found)["certificates"]


def test_secrets_that_others_can_read_are_found(site: Site, tmp_path: Path) -> None:
    """One file with the usual mode is enough."""
    tmp_path.chmod(0o700)
    (tmp_path / "log-key.seed").touch(mode=0o644)
    found = findings(site, 1, "--secrets", tmp_path)
    assert "log-key.seed" in failing(found)["secret-files"]


def test_a_service_that_does_not_answer_is_found(site: Site) -> None:
    """Nothing listens where the tally should be."""
    found = findings(site, 1, "--tally", f"http://127.0.0.1:{free_port()}")
    assert "services" in failing(found)


def test_what_cannot_be_read_is_no_health(site: Site) -> None:
    """Exit code 3, where something was named and nothing can be said of it."""
    url = f"https://127.0.0.1:{free_port()}"
    found = findings(site, 3, "--public", url)
    assert [one["check"] for one in found if one["hindered"]] == ["certificates"]


def publish(site: Site, directory: Path, size: int) -> int:
    """Write a copy of a checkpoint of so many entries, with the log's own key; returns the size."""
    origin = f"{site.installation.log_origin}/{site.edition}"
    note = sign_checkpoint(
        Checkpoint(origin, size, bytes(32)), Signer(origin, site.installation.log_key_seed)
    )
    (directory / f"{site.edition}.checkpoint").write_bytes(note)
    return size
