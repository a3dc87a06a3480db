"""`huimin config`: services say what they make of their settings, and none of them is started."""

import os
import re
import tomllib
from base64 import b64encode
from pathlib import Path

import pytest
from click.testing import Result

from cli.embedded.nats import user_nkey
from cli.main import main
from cli.roles import SERVICES
from shared.service import settings_sources
from tests.command_line import CommandLine

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "deploy" / "huimin.toml"
MOUNTED = "/run/secrets"


def config(directory: Path, *words: str | Path, **environment: str) -> Result:
    """What `huimin config` says in an environment with nothing of ours but this."""
    line = CommandLine(directory)
    nothing: dict[str, str | None] = {name: None for name in os.environ if "HUIMIN" in name}
    line.environment = line.environment | nothing | environment  # type: ignore[assignment]
    return line.run(main, "config", *words)


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The contents of each file with a secret that the example names; all lie in one directory."""
    directory = tmp_path_factory.mktemp("secrets")
    contents = {}
    for name in re.findall(rf"{MOUNTED}/([\w.-]+)", EXAMPLE.read_text()):
        file = directory / name
        if name.endswith(".nkey"):
            user_nkey(file)
        elif name.endswith(".database-url"):
            file.write_text(f"postgresql://role:{os.urandom(8).hex()}@postgres/database\n")
        else:
            file.write_text(b64encode(os.urandom(32)).decode() + "\n")
        contents[str(file)] = file.read_text().strip()
    return contents


@pytest.fixture(scope="module")
def example(secrets: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example as it would be where its secrets are mounted."""
    file = tmp_path_factory.mktemp("config") / "huimin.toml"
    mounted = str(Path(next(iter(secrets))).parent)
    file.write_text(EXAMPLE.read_text().replace(MOUNTED, mounted))
    return file


@pytest.fixture(scope="module")
def checked(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """What is said of the example when each service has one setting that only it can judge."""
    directory = tmp_path_factory.mktemp("checked")
    return config(
        directory,
        "check",
        HUIMIN_CONFIG=str(example),
        HUIMIN_BALLOT_LOG_KEY_SEED="aHVudGVyMg==",
        HUIMIN_TALLY_NATS_NKEY_SEED="SUhunter2",
        HUIMIN_REGISTRAR_TRUSTED_PROXIES="hunter2",
        HUIMIN_NOTIFY_ALIYUN_SIGN_NAME="",
        HUIMIN_BALOT_PORT="8080",
    )


def test_the_example_is_accepted(example: Path, tmp_path: Path) -> None:
    """Every service could serve with it."""
    result = config(tmp_path, "check", HUIMIN_CONFIG=str(example))
    assert (result.exit_code, result.output.count("good")) == (0, len(SERVICES)), result.output


def test_the_example_has_no_secret() -> None:
    """It names files, and has no value of a setting that is one."""
    tables = tomllib.loads(EXAMPLE.read_text())
    names = {name for table in tables.values() for name in table}
    assert not names & {"database_url", "nats_nkey_seed", "key", "desk_token", "log_key_seed"}


def test_bad_settings_end_a_check_with_2(checked: Result) -> None:
    """As they would end the services."""
    assert checked.exit_code == 2


@pytest.mark.parametrize(
    ("service", "said"),
    [
        ("ballot", "HUIMIN_BALLOT_LOG_KEY_SEED has 7 bytes and needs 32"),
        ("tally", "the nkey seed for NATS is none"),
        ("registrar", "HUIMIN_REGISTRAR_TRUSTED_PROXIES: a part of it is neither"),
        ("notify", "not all of HUIMIN_NOTIFY_ALIYUN_* are set"),
    ],
)
def test_a_check_goes_as_far_as_serving_without_connections(
    checked: Result, service: str, said: str
) -> None:
    """Keys, seeds, networks and providers are tried; the fault is said of its service."""
    ours = checked.stdout.partition(f"{service}: ")[2].splitlines()
    assert said in ours[1], checked.output


def test_a_check_quotes_no_value(checked: Result) -> None:
    """Whatever was wrong."""
    assert "hunter2" not in checked.output
    assert "aHVudGVyMg" not in checked.output


def test_a_check_names_variables_that_nobody_reads(checked: Result) -> None:
    """A misspelt service."""
    assert "HUIMIN_BALOT_PORT" in checked.stderr


def test_shown_settings_have_no_secret_and_can_be_read_in(
    example: Path, secrets: dict[str, str], tmp_path: Path
) -> None:
    """Those of the service with the most secrets: they are the files' paths."""
    result = config(tmp_path, "show", "notify", HUIMIN_CONFIG=str(example))
    shown = tomllib.loads(result.stdout)["notify"]
    public = {shown["log_key"]}
    assert not [
        value for value in secrets.values() if value in result.output and value not in public
    ]
    assert shown["smtp_password_file"] in secrets


def test_settings_that_cannot_be_shown_say_why(tmp_path: Path) -> None:
    """Exit status 2, as for serving."""
    result = config(tmp_path, "show", "tally")
    assert (result.exit_code, "HUIMIN_TALLY_LOG_KEY" in result.stderr) == (2, True)


def test_the_documented_settings_are_those_of_the_services(tmp_path: Path) -> None:
    """In both languages; `make config-table` writes them anew."""
    assert config(tmp_path, "table", "--docs", tmp_path).exit_code == 0
    for language in ("en", "zh"):
        page = Path(language, "reference", "settings.md")
        assert (tmp_path / page).read_text() == (ROOT / "docs" / page).read_text()


def test_the_settings_file_has_a_table_for_every_service() -> None:
    """Shared code cannot ask the services which there are."""
    assert set(settings_sources.SERVICES) == SERVICES.keys()
