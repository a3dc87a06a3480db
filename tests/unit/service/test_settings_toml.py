"""Settings are shown as TOML that gives the same settings again, and without a secret."""

import tomllib
from pathlib import Path
from typing import Annotated

from hypothesis import given
from hypothesis import strategies as st

from shared.service.setting import Secret, means
from shared.service.settings import ServiceSettings, read_settings
from shared.service.settings_toml import as_toml, quoted


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """Those of a service, with secrets besides."""

    key: Annotated[Secret, means("A key", "密钥")] = ""
    token: Annotated[Secret, means("A token", "令牌")] = ""
    count: Annotated[int | None, means("A count", "数目")] = None


def environment(directory: Path) -> dict[str, str]:
    """Settings of which all required secrets are in files."""
    for name in ("database_url", "nats_nkey_seed"):
        (directory / name).write_text("hunter2")
    return {
        "HUIMIN_TALLY_DATABASE_URL_FILE": str(directory / "database_url"),
        "HUIMIN_TALLY_NATS_NKEY_SEED_FILE": str(directory / "nats_nkey_seed"),
        "HUIMIN_TALLY_NATS_URL": "nats://nats:4222",
        "HUIMIN_TALLY_PORT": "9000",
    }


def test_what_is_shown_can_be_read_in_again(tmp_path: Path) -> None:
    """The same settings, from the file alone."""
    loaded = read_settings(Settings, "tally", environment(tmp_path))
    file = tmp_path / "huimin.toml"
    file.write_text(as_toml("tally", loaded))
    again = read_settings(Settings, "tally", {"HUIMIN_CONFIG": str(file)})
    assert again.settings == loaded.settings


def test_what_is_shown_has_no_secret(tmp_path: Path) -> None:
    """Whether it came from a file or was given as it is."""
    given_directly = {"HUIMIN_TALLY_KEY": "hunter2"}
    loaded = read_settings(Settings, "tally", environment(tmp_path) | given_directly)
    shown = as_toml("tally", loaded)
    assert "hunter2" not in shown + repr(loaded)
    assert "# key is set by HUIMIN_TALLY_KEY, and not shown" in shown
    assert "# token is not set" in shown


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.booleans() | st.integers(-9, 2**31))
def test_values_are_quoted_as_toml(value: str | int) -> None:
    """Control characters and quotation marks included."""
    assert tomllib.loads(f"value = {quoted(value)}") == {"value": value}
