"""What `huimin edition` commands are given: options, and types of values that are checked at once.

A value of the wrong form is a usage error; no message shows what a key file holds.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypedDict, TypeVar

import rich_click as click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cli.log_key import vkey_option
from shared.edition.officer_keys import BadOfficerKey, parse_secret
from shared.log.note import Verifier

MAX_KEY_FILE = 4096

F = TypeVar("F", bound=Callable[..., Any])


class OfficerKey(NamedTuple):
    """An officer's id and the key that signs for it."""

    officer: str
    private: Ed25519PrivateKey


class Given(TypedDict):
    """The options that all commands share which prepare and sign."""

    url: str
    keys: tuple[OfficerKey, ...]
    vkey: Verifier | None
    out: Path | None
    yes: bool
    as_json: bool


class KeyFile(click.ParamType[OfficerKey]):
    """An officer's secret key file, as `huimin officer keygen` writes it."""

    name = "file"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> OfficerKey:
        """See `click.ParamType.convert`."""
        if isinstance(value, OfficerKey):
            return value
        file = Path(str(value))
        try:
            with file.open(encoding="utf-8") as stream:
                return OfficerKey(*parse_secret(stream.read(MAX_KEY_FILE)))
        except OSError as error:
            self.fail(f"{file} cannot be read: {error.strerror}", param, ctx)
        except UnicodeDecodeError:
            self.fail(f"{file} is no officer's secret key (.key): it is not text", param, ctx)
        except BadOfficerKey as error:
            self.fail(f"{file} is no officer's secret key (.key): {error}", param, ctx)


class Root(click.ParamType[bytes]):
    """A Merkle root: 32 bytes in hexadecimal."""

    name = "hex"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> bytes:
        """See `click.ParamType.convert`."""
        if isinstance(value, bytes):
            return value
        if not re.fullmatch(r"[0-9A-Fa-f]{64}", str(value)):
            self.fail("a root is 64 hexadecimal digits", param, ctx)
        return bytes.fromhex(str(value))


class Digits(click.ParamType[str]):
    """The twenty digits of a draw."""

    name = "digits"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """See `click.ParamType.convert`."""
        if not re.fullmatch(r"[0-9]{20}", str(value)):
            self.fail("the draw takes twenty digits, 0 to 9, as they were thrown", param, ctx)
        return str(value)


url_option = click.option("--url", required=True, help="The ballot service's base URL.")
json_option = click.option(
    "--json", "as_json", is_flag=True, help="One JSON object instead of sentences."
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
keys_option = click.option(
    "--key",
    "keys",
    type=KeyFile(),
    multiple=True,
    required=True,
    help="Secret key file (.key) of an officer who signs; may be repeated.",
)
_out_option = click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File for a command that needs more signatures; default: EDITION-COMMAND.command.json.",
)
edition_argument = click.argument("edition_id", metavar="EDITION")


def signing_options(function: F) -> F:
    """The edition and the options in `Given`."""
    for option in (json_option, yes_option, _out_option, vkey_option, keys_option, url_option):
        function = option(function)
    return edition_argument(function)
