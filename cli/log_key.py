"""A log's verifier key as an option of commands."""

import rich_click as click

from shared.log.note import BadKey, Verifier


class VerifierKey(click.ParamType[Verifier]):
    """`<name>+<key id>+<base64>`; anything else is a usage error."""

    name = "vkey"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Verifier:
        """See `click.ParamType.convert`."""
        if isinstance(value, Verifier):
            return value
        try:
            return Verifier.parse(str(value))
        except BadKey as error:
            self.fail(str(error), param, ctx)


vkey_option = click.option(
    "--vkey",
    "--log-key",
    "vkey",
    type=VerifierKey(),
    metavar="VKEY",
    help="The log's published key; else the one remembered from last time.",
)
