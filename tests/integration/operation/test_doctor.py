"""What the doctor finds, each in a real part that really is so; and nothing where all is well."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from cli.doctor import rights
from cli.doctor.command import doctor_command
from cli.embedded import cluster
from cli.embedded.endpoint import free_port
from cli.embedded.nats import NatsServer
from cli.embedded.postgres import Postgres
from cli.migrate import migrate_command
from cli.roles import nats_users
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
    assert unchecked == {"certificates", "clock-reference"}


def test_people_read_it_in_two_languages(site: Site) -> None:
    """Without --json each finding is a line with Chinese and English."""
    output = site.run(doctor_command, "--data", site.data).stdout
    assert "所有者不能登录 / the owner cannot log in" in output


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


WRONG_RIGHTS = {
    "table": (
        "ballot",
        "GRANT UPDATE ON entries TO huimin_ballot",
        "UPDATE ON TABLE entries TO huimin_ballot",
    ),
    "function": (
        "ballot",
        "GRANT EXECUTE ON FUNCTION append TO PUBLIC",
        "EXECUTE ON FUNCTION append(",
    ),
    "column": (
        "registrar",
        "GRANT UPDATE (blinded_hash) ON issuances TO PUBLIC",
        "UPDATE ON COLUMN issuances.blinded_hash TO PUBLIC",
    ),
    "database": (
        "tally",
        "GRANT TEMPORARY ON DATABASE huimin_tally TO PUBLIC",
        "TEMPORARY ON DATABASE TO PUBLIC",
    ),
    "table missing": (
        "registrar",
        "REVOKE SELECT ON roll FROM huimin_registrar",
        "SELECT ON TABLE roll TO huimin_registrar",
    ),
    "column missing": (
        "tally",
        "REVOKE UPDATE (size) ON editions FROM huimin_tally",
        "UPDATE ON COLUMN editions.size TO huimin_tally",
    ),
    "function missing": (
        "ballot",
        "REVOKE EXECUTE ON FUNCTION append FROM huimin_ballot",
        "EXECUTE ON FUNCTION append(",
    ),
    "trigger off": (
        "registrar",
        "ALTER TABLE issuances DISABLE TRIGGER may_issue",
        "issuances.may_issue: off",
    ),
    "trigger for replicas": (
        "ballot",
        "ALTER TABLE entries ENABLE REPLICA TRIGGER append_only",
        "entries.append_only: replica",
    ),
    "trigger not always": (
        "ballot",
        "ALTER TABLE entries ENABLE TRIGGER append_only",
        "entries.append_only: origin",
    ),
    "trigger dropped": (
        "registrar",
        "DROP TRIGGER append_only ON issuances",
        "issuances.append_only: missing",
    ),
    "another trigger": (
        "registrar",
        "CREATE TRIGGER stray BEFORE INSERT ON puzzles EXECUTE FUNCTION refuse_change()",
        "puzzles.stray: origin",
    ),
}


@pytest.mark.parametrize(("service", "give", "evidence"), WRONG_RIGHTS.values(), ids=WRONG_RIGHTS)
def test_what_the_doctor_says_of_wrong_rights_mends_them(
    site: Site, service: str, give: str, evidence: str
) -> None:
    """What somebody did by hand is found with the service's own role, named, and undone as told."""
    url = site.installation.postgres.admin_dsn.replace("/postgres?", f"/huimin_{service}?")
    words = ("--database", f"{service}={site.installation.secrets}/{service}.database-url")
    query(url, give)
    wrong = [one for one in findings(site, 1, *words) if one["level"] == "fail"]
    assert evidence in failing(wrong)["permissions"]
    for statement in wrong[0]["run"]:
        query(url, f"DO $x$ BEGIN SET ROLE huimin_{service}_owner; {statement} END $x$")
    assert failing(findings(site, 0, *words)) == {}


@pytest.mark.parametrize(
    ("give", "evidence"),
    [
        ("ALTER ROLE huimin_ballot CREATEROLE", "CREATEROLE"),
        ("GRANT huimin_ballot_owner TO huimin_ballot", "member of huimin_ballot_owner"),
        ("ALTER ROLE huimin_ballot_owner LOGIN", "huimin_ballot_owner: LOGIN"),
    ],
    ids=["power", "membership", "owner"],
)
def test_a_role_with_too_many_powers_is_found_and_migrate_mends_it(
    site: Site, tmp_path: Path, give: str, evidence: str
) -> None:
    """As the doctor says."""
    admin = tmp_path / "admin.url"
    admin.write_text(site.installation.postgres.admin_dsn)
    words = ("--database", f"ballot={site.installation.secrets / 'ballot.database-url'}")
    query(admin.read_text(), give)
    (wrong,) = [one for one in findings(site, 1, *words) if one["level"] == "fail"]
    assert evidence in wrong["evidence"]
    assert "run huimin migrate" in wrong["next"]["en"]
    assert site.run(migrate_command, "--admin-url-file", admin).exit_code == 0
    assert failing(findings(site, 0, *words)) == {}


def test_what_a_role_owns_is_found_and_handed_over_as_told(site: Site) -> None:
    """Whoever owns a table may drop its guards."""
    url = site.installation.postgres.admin_dsn.replace("/postgres?", "/huimin_tally?")
    words = ("--database", f"tally={site.installation.secrets / 'tally.database-url'}")
    query(url, "CREATE TABLE stray ()")
    query(url, "ALTER TABLE stray OWNER TO huimin_tally")
    (wrong,) = [one for one in findings(site, 1, *words) if one["level"] == "fail"]
    assert wrong["evidence"] == "1 objects"
    for statement in wrong["run"]:
        query(url, statement)
    query(url, "DROP TABLE stray")
    assert failing(findings(site, 0, *words)) == {}


def test_a_nats_user_with_too_many_rights_is_found(site: Site, nats_server: NatsServer) -> None:
    """A user of a real server who may use every subject; nothing is deleted to find out."""
    seed = seed_file(nats_server.data, "tests")
    words = ("--nats", nats_server.url, "--nkey-file", f"ballot={seed}")
    evidence = failing(findings(site, 1, *words))["nats-permissions"]
    assert "publish $JS.API.STREAM.PURGE" in evidence
    assert "hear _INBOX_registrar.>" in evidence


@pytest.mark.parametrize(
    ("more", "evidence"),
    [
        ({"publish_allow": ["huimin.log.*.runs"]}, "publish huimin.log.doctor-asks-only.runs"),
        ({"publish_allow": ["$JS.API.STREAM.MSG.DELETE.*"]}, "publish $JS.API.STREAM.MSG.DELETE."),
        ({"publish_allow": ["$JS.API.CONSUMER.>"]}, "publish $JS.API.CONSUMER.DELETE."),
        ({"publish_allow": ["$JS.ACK.>"]}, "publish $JS.ACK."),
        ({"subscribe_allow": ["huimin.>"]}, "hear huimin.>"),
        ({"subscribe_allow": ["huimin.codes"]}, "hear huimin.codes"),
        ({"subscribe_allow": ["_INBOX_notify.>"]}, "hear _INBOX_notify.>"),
    ],
)
def test_one_right_too_many_of_a_nats_user_is_found(
    site: Site, tmp_path: Path, more: dict[str, list[str]], evidence: str
) -> None:
    """Of a tally that has its own rights, and this one, on a real server."""
    (tmp_path / "secrets").mkdir(mode=0o700)
    users = {user.name: user for user in nats_users(tmp_path / "secrets")}
    tally = users["tally"]
    rights = {one: [*getattr(tally, one), *subjects] for one, subjects in more.items()}
    words = ("--nkey-file", f"tally={tmp_path}/secrets/tally.nkey", "--nats")
    users["tally"] = structs.replace(tally, **rights)
    with NatsServer(tmp_path / "nats", list(users.values())) as server:
        found = failing(findings(site, 1, *words, server.url))
    assert evidence in found["nats-permissions"]


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


def test_a_machine_off_by_a_minute_is_found_by_a_clock_of_elsewhere(
    site: Site, tmp_path: Path
) -> None:
    """All that runs on one machine agrees; a server a minute ahead shows that it is behind."""
    with service_with_clock(site, tmp_path, 60) as url:
        found = findings(site, 1, "--data", site.data, "--time-from", url)
    assert set(failing(found)) == {"clock-reference"}
    assert failing(found)["clock-reference"].endswith("慢 behind")


def test_a_clock_that_agrees_with_one_of_elsewhere_is_well(site: Site) -> None:
    """It says with what it was compared."""
    url = site.installation.tally_url
    found = findings(site, 0, "--time-from", url)
    (clock,) = [one for one in found if one["check"] == "clock-reference"]
    assert (clock["level"], clock["subject"]) == ("ok", f"this machine by {url}")


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
