"""What commands are given that speak with the registrar's desk: its address and its token."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict, TypeVar

import rich_click as click

MAX_TOKEN_FILE = 4096

F = TypeVar("F", bound=Callable[..., Any])


class TokenFile(click.ParamType[str]):
    """A file with the desk's token on its only line; no message shows what it holds."""

    name = "file"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """See `click.ParamType.convert`."""
        file = Path(str(value))
        try:
            with file.open(encoding="ascii") as stream:
                token = stream.read(MAX_TOKEN_FILE).strip()
        except OSError as error:
            self.fail(f"{file} cannot be read: {error.strerror}", param, ctx)
        except UnicodeDecodeError:
            token = ""
        if not token.isprintable() or not token or " " in token:
            self.fail(f"{file} does not hold a token on one line", param, ctx)
        return token


token_option = click.option(
    "--token-file",
    "token",
    type=TokenFile(),
    required=True,
    help="File with the token of the registrar's desk.",
)


class Desk(TypedDict):
    """The options that all commands share which speak with the desk."""

    edition: str
    url: str
    token: str
    as_json: bool


def desk_options(function: F) -> F:
    """The options in `Desk`."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="One JSON object, no sentences."),
        token_option,
        click.option("--url", required=True, help="The registrar's base URL."),
        click.option("--edition", required=True, help="The edition's id."),
    ):
        function = option(function)
    return function
