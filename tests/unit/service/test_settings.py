"""Settings: which source wins, and every fault is named with what to do, and never with a value."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import pytest
from msgspec import Meta

from shared.service.setting import Secret, means, settings_of
from shared.service.settings import (
    BadSettings,
    ServiceSettings,
    Url,
    key_bytes,
    load_settings,
    networks,
)

VALUE = "hunter2-hunter2-hunter2"


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """Those of a service, with one of each kind besides."""

    token: Annotated[Secret, means("A token", "令牌"), Meta(min_length=20)] = ""
    page: Annotated[Url, means("A page", "页面")] = "https://example.org"
    flag: Annotated[bool, means("A flag", "开关")] = False
    rate: Annotated[float, Meta(ge=0, le=10), means("A rate", "速率")] = 1.0
    count: Annotated[int | None, means("A count", "数目")] = None
    mode: Annotated[Literal["", "fast", "slow"], means("A mode", "方式")] = ""
    copies: Annotated[Literal[1, 3], means("Copies", "份数")] = 1
    ca_file: Annotated[str, means("A file's name", "文件名")] = ""


REQUIRED = {
    "HUIMIN_TALLY_DATABASE_URL": "postgresql://tally:hunter2@db/tally",
    "HUIMIN_TALLY_NATS_URL": "nats://nats:4222",
    "HUIMIN_TALLY_NATS_NKEY_SEED": "SUAhunter2",
}

Toml = Callable[[str], dict[str, str]]


@pytest.fixture
def toml(tmp_path: Path) -> Toml:
    """Writes a file, and gives the environment that names it."""

    def write(text: str) -> dict[str, str]:
        file = tmp_path / "huimin.toml"
        file.write_text(text)
        return {"HUIMIN_CONFIG": str(file)}

    return write


def load(environment: dict[str, str], **changes: str) -> Settings:
    """Settings from what is required and this."""
    changed = {f"HUIMIN_TALLY_{name.upper()}": value for name, value in changes.items()}
    return load_settings(Settings, "tally", REQUIRED | environment | changed)


def fault(environment: dict[str, str], **changes: str) -> str:
    """The only fault of such settings."""
    with pytest.raises(BadSettings) as caught:
        load(environment, **changes)
    (said,) = caught.value.faults
    assert "hunter2" not in said
    return said


def secret(directory: Path, content: str | bytes = VALUE) -> str:
    """The path of a file with this content."""
    file = directory / "secret"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(file)


def test_without_any_source_the_default_holds() -> None:
    """A port that nobody names is the one of the type."""
    assert load({}).port == 8000


def test_the_file_wins_over_the_default(toml: Toml) -> None:
    """A port in the service's table."""
    assert load(toml("[tally]\nport = 9000\n")).port == 9000


def test_the_environment_wins_over_the_file(toml: Toml) -> None:
    """A port in both."""
    assert load(toml("[tally]\nport = 9000\n"), port="9001").port == 9001


def test_a_secret_file_of_the_environment_wins_over_a_value_in_the_file(
    toml: Toml, tmp_path: Path
) -> None:
    """A token in both."""
    environment = toml('[tally]\ntoken = "from-the-file-of-all-settings"\n')
    assert load(environment, token_file=secret(tmp_path)).token == VALUE


def test_a_secret_file_that_is_not_needed_is_not_read(toml: Toml) -> None:
    """The file names one that is not there, and the environment has the value."""
    assert load(toml('[tally]\ntoken_file = "/nowhere"\n'), token=VALUE).token == VALUE


def test_the_file_may_name_the_file_of_a_secret(toml: Toml, tmp_path: Path) -> None:
    """Without the line break at its end."""
    environment = toml(f"[tally]\ntoken_file = '{secret(tmp_path, VALUE + chr(10))}'\n")
    assert load(environment).token == VALUE


def test_a_setting_whose_name_ends_like_a_file_is_itself() -> None:
    """`ca_file` is no file with `ca` in it."""
    assert load({}, ca_file="/etc/ca.pem").ca_file == "/etc/ca.pem"


def test_other_services_tables_are_theirs(toml: Toml) -> None:
    """What is unknown there, that service will say."""
    assert load(toml("[ballot]\nwhatever = 1\n")).port == 8000


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({"flag": "true"}, "flag", True),
        ({"rate": "2.5"}, "rate", 2.5),
        ({"count": "7"}, "count", 7),
        ({"mode": "slow"}, "mode", "slow"),
        ({"copies": "3"}, "copies", 3),
    ],
)
def test_the_environment_has_every_type(changes: dict[str, str], name: str, value: object) -> None:
    """As text that is read as the setting's type."""
    assert getattr(load({}, **changes), name) == value


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"prot": "1"}, "HUIMIN_TALLY_PROT is no setting; did you mean HUIMIN_TALLY_PORT?"),
        ({"qqq": "1"}, "HUIMIN_TALLY_QQQ is no setting; `huimin config table` lists all"),
        ({"port": "hunter2"}, "HUIMIN_TALLY_PORT is not what it must be, an integer of 1 to 65535"),
        ({"port": "0"}, "HUIMIN_TALLY_PORT is not what it must be, an integer of 1 to 65535"),
        ({"rate": "11"}, "HUIMIN_TALLY_RATE is not what it must be, a number of 0 to 10"),
        ({"flag": "hunter2"}, "HUIMIN_TALLY_FLAG is not what it must be, true or false"),
        ({"mode": "hunter2"}, "HUIMIN_TALLY_MODE is not what it must be, one of fast, slow"),
        ({"copies": "2"}, "HUIMIN_TALLY_COPIES is not what it must be, one of 1, 3: Copies"),
        ({"page": "hunter2"}, "HUIMIN_TALLY_PAGE is not what it must be, a string: A page"),
        ({"token": "hunter2"}, "HUIMIN_TALLY_TOKEN is not what it must be, a string of at least"),
        ({"token": ""}, "HUIMIN_TALLY_TOKEN: it is empty; put the secret there"),
        ({"token": "  "}, "HUIMIN_TALLY_TOKEN: it is empty"),
        ({"host": "\udcff"}, "HUIMIN_TALLY_HOST: it is not UTF-8"),
        ({"token_file": "/nowhere/hunter2"}, "HUIMIN_TALLY_TOKEN_FILE: the file that it names"),
        ({"token_file": "hunter2"}, "No such file or directory; check path and permissions"),
        ({"token_file": "/"}, "HUIMIN_TALLY_TOKEN_FILE: the file that it names cannot be read"),
        ({"token_file": ""}, "HUIMIN_TALLY_TOKEN_FILE: it is empty; name the file"),
        ({"token_file": "/dev/zero"}, "has more than 65536 bytes"),
        (
            {"token": VALUE, "token_file": "/hunter2"},
            "HUIMIN_TALLY_TOKEN and HUIMIN_TALLY_TOKEN_FILE are both given; take one out",
        ),
    ],
)
def test_a_fault_in_the_environment_is_named(changes: dict[str, str], said: str) -> None:
    """The variable, what is wrong with it, what to do, and no value."""
    assert said in fault({}, **changes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tally]\nprot = 1", "HUIMIN_CONFIG, [tally] prot is no setting; did you mean"),
        ("[taly]\nport = 1", "HUIMIN_CONFIG: taly is no table that is known; these are:"),
        ("port = 1", "HUIMIN_CONFIG: port is no table that is known"),
        ("[tally]\nport = '80'", "HUIMIN_CONFIG, [tally] port is not what it must be, an integer"),
        ("[tally]\nhost = 80", "HUIMIN_CONFIG, [tally] host is not what it must be"),
        ("[tally.port]\nx = 1", "HUIMIN_CONFIG, [tally] port is not what it must be"),
        ("[tally]\ntoken_file = 1", "HUIMIN_CONFIG, [tally] token_file: it must be the path"),
        ("[tally]\ntoken_file = '/no'", "HUIMIN_CONFIG, [tally] token_file: the file that it"),
        ('[tally]\ntoken_file = "\\u0000"', "the file that it names is no UTF-8 text"),
        (
            f"[tally]\ntoken = '{VALUE}'\ntoken_file = '/hunter2'",
            "HUIMIN_CONFIG, [tally] token and HUIMIN_CONFIG, [tally] token_file are both given",
        ),
        ("[tally]\nport = hunter2", "HUIMIN_CONFIG: the file is no TOML: "),
        ("[[tally]]", "HUIMIN_CONFIG: tally is no table that is known"),
    ],
)
def test_a_fault_in_the_file_is_named(toml: Toml, text: str, said: str) -> None:
    """Where it stands, what is wrong with it, what to do, and no value."""
    assert said in fault(toml(text))


@pytest.mark.parametrize(
    ("path", "said"),
    [("/nowhere", "cannot be read: No such file"), ("", "it is empty"), ("/", "cannot be read")],
)
def test_a_settings_file_that_cannot_be_read_is_a_fault(path: str, said: str) -> None:
    """Nothing is served with half of the settings."""
    assert said in fault({"HUIMIN_CONFIG": path})


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b" \n", "is empty"), (b"\xff\xfe", "is no UTF-8 text")],
)
def test_a_secret_file_without_a_secret_is_a_fault(
    tmp_path: Path, content: bytes, said: str
) -> None:
    """An empty one, and one that is no text."""
    assert said in fault({}, token_file=secret(tmp_path, content))


def test_what_is_missing_is_named_with_the_ways_to_give_it() -> None:
    """All of it at once."""
    with pytest.raises(BadSettings) as caught:
        load_settings(Settings, "tally", {"HUIMIN_TALLY_NATS_URL": "nats://nats:4222"})
    said = str(caught.value)
    assert "HUIMIN_TALLY_DATABASE_URL, HUIMIN_TALLY_NATS_NKEY_SEED" in said
    assert "_FILE" in said


def test_all_faults_are_said_at_once() -> None:
    """One in each of three variables."""
    with pytest.raises(BadSettings) as caught:
        load({}, port="0", flag="perhaps", host_file="/nowhere")
    assert len(caught.value.faults) == 3


def test_the_representation_has_no_secret() -> None:
    """Neither Python's own, nor the one that rich prints."""
    settings = load({}, token=VALUE, page="https://example.net")
    assert "https://example.net" in repr(settings)
    assert "hunter2" not in repr(settings) + repr(list(settings.__rich_repr__()))


def test_a_setting_is_described_by_its_type() -> None:
    """Name, variable, bounds, secrecy and both languages."""
    known = settings_of(Settings, "tally")
    assert (known["port"].minimum, known["port"].maximum, known["port"].default) == (1, 65535, 8000)
    assert known["token"].secret
    assert known["database_url"].required
    assert (known["mode"].values, known["mode"].environment) == (
        ("fast", "slow"),
        "HUIMIN_TALLY_MODE",
    )
    assert (known["rate"].description, known["rate"].description_zh) == ("A rate", "速率")


@pytest.mark.parametrize("text", ["hunter2!", "aHVudGVyMg=="])
def test_a_key_that_is_none_is_named_and_not_quoted(text: str) -> None:
    """No base64, or not of 32 bytes."""
    with pytest.raises(BadSettings, match="HUIMIN_TALLY_LOG_KEY") as caught:
        key_bytes("HUIMIN_TALLY_LOG_KEY", text)
    assert text not in str(caught.value)


def test_a_network_that_is_none_is_named_and_not_quoted() -> None:
    """Among others that are."""
    with pytest.raises(BadSettings, match="HUIMIN_NOTIFY_TRUSTED_PROXIES") as caught:
        networks("HUIMIN_NOTIFY_TRUSTED_PROXIES", "10.0.0.0/8, hunter2")
    assert "hunter2" not in str(caught.value)
