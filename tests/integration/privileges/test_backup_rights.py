"""`huimin backup` by an administrator who may make roles and databases, and no more."""

from pathlib import Path

from click.testing import CliRunner

from cli.backup.command import backup_command
from tests.integration.privileges.conftest import City


def test_an_administrator_who_may_not_read_is_told_what_to_do(
    migrated_city: City, tmp_path: Path
) -> None:
    """As CloudNativePG has it, where there is no superuser."""
    admin = tmp_path / "admin.url"
    admin.write_text(migrated_city.admin_url)
    words = (tmp_path / "backup", "--admin-url-file", admin, "--service", "tally")
    result = CliRunner().invoke(backup_command, [str(word) for word in words])
    assert result.exit_code == 1
    assert "may not read all of huimin_tally" in result.stderr
    assert "GRANT pg_read_all_data" in result.stderr
    assert "the backups are those of the database's operator" in result.stderr
    assert list(tmp_path.iterdir()) == [admin]
