"""`huimin officer keygen`: an officer's key pair, in two files."""

import os
from pathlib import Path

import msgspec
import rich_click as click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct

from cli.failures import failures
from shared.edition.manifest import OfficerId
from shared.edition.officer_keys import format_public, format_secret, public_of


class KeyPair(Struct, frozen=True, kw_only=True):
    """Where an officer's keys were written; `public_key` is 32 bytes of Ed25519, base64 in JSON."""

    officer: str
    key_file: str
    public_file: str
    public_key: bytes


@click.group("officer")
def officer() -> None:
    """Officers: those who sign the commands that take an edition through its phases."""


@officer.command("keygen")
@click.argument("officer_id", metavar="ID")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="Where the two files go; default: here.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
def keygen(officer_id: str, directory: Path, as_json: bool) -> None:
    """Make a key for the office ID (an office, such as "clerk", never a person's name).

    Writes ID.key, which signs and is for its officer alone, and ID.pub, which others need.

    Exit codes: 0 written, 2 usage (or a file of that name exists), 3 could not write.
    """
    id_ = _office(officer_id)
    key_file, public_file = directory / f"{id_}.key", directory / f"{id_}.pub"
    for file in (key_file, public_file):
        if file.exists():
            raise click.UsageError(f"{file} exists; a key is never overwritten")
    key = Ed25519PrivateKey.generate()
    public = public_of(id_, key)
    with failures(as_json):
        _create(key_file, format_secret(id_, key), 0o600)
        _create(public_file, format_public(public), 0o644)
    pair = KeyPair(
        officer=id_, key_file=str(key_file), public_file=str(public_file), public_key=public.key
    )
    click.echo(msgspec.json.encode(pair) if as_json else _sentences(pair))


def _office(text: str) -> str:
    try:
        return msgspec.convert(text, OfficerId)
    except msgspec.ValidationError as error:
        raise click.BadParameter(
            "an officer's id has 1 to 63 small letters, digits and hyphens, no hyphen first",
            param_hint="ID",
        ) from error


def _create(file: Path, line: str, mode: int) -> None:
    made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(made, "w", encoding="utf-8") as stream:
        stream.write(f"{line}\n")
        stream.flush()
        os.fsync(made)


def _sentences(pair: KeyPair) -> str:
    return (
        f"{pair.key_file}: the secret key; keep it to yourself, and a copy in a safe place.\n"
        f"{pair.public_file}: the public key; name it in the manifest of an edition.\n"
        "Whoever is to announce editions must be registered: have the operator copy the .pub file\n"
        "into the directory `announcers` of the installation."
    )
