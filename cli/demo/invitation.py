"""A second edition that stays open, so that whoever looks can vote, watch, and check a receipt.

It identifies people by phone alone, so that any mobile number will do: the code that would go there
is shown in the development inbox.
"""

import sys
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from cli.demo.officials import Officials, Secretariat, key_of_new_log
from cli.demo.registration import open_desk
from cli.demo.script import made_up
from cli.installation import Installation
from shared.client.ballot_box import open_ballot_box

EDITION: Final = "demo-open"
VOTER: Final = "me.json"


class Invitation(Struct, frozen=True):
    """The open edition and its log's key."""

    edition: str
    vkey: str

    def lines(self, installation: Installation) -> list[str]:
        """What to type, from registering to checking one's receipt."""
        huimin, edition = Path(sys.argv[0]), self.edition
        ballot, registrar = installation.ballot_url, installation.registrar_url
        tally = f"{installation.tally_url}/v1/editions/{edition}/tally"
        receipt = Path(VOTER).with_suffix(".receipt.json")
        return [
            "用浏览器投票 / vote in a browser (by any mobile number, such as 13800138000):",
            f"  {ballot}/vote#{edition}",
            "看大屏变化 / watch the tally move:",
            f"  {installation.tally_url}/board#{edition}",
            "核对回执，不必信任我们 / check your receipt without trusting us:",
            f"  {ballot}/check",
            "或用命令行投票 / or vote by command:",
            f"  {huimin} vote --url {ballot} --registrar {registrar} \\",
            f"    --edition {edition} --voter {VOTER}",
            "验证码不会发往手机，在此查看 / no message is sent: the code is shown at",
            f"  {installation.notify_url}/inbox",
            "计票数据流与审计 / the tally as a stream, and the audit:",
            f"  curl -N {tally}/stream",
            f"  {huimin} receipt verify {receipt} --vkey {self.vkey}",
            f"  {huimin} audit {ballot}/log/{edition} --vkey {self.vkey}",
            f"接口 / the same as data: {ballot}/v1/editions/{edition}",
        ]


async def invite(installation: Installation, officials: Officials) -> Invitation:
    """Open the vote for whoever has a phone."""
    async with (
        open_ballot_box(installation.ballot_url) as box,
        open_desk(installation) as desk,
    ):
        verifier = await key_of_new_log(box, EDITION)
        secretariat = Secretariat(box, officials, verifier)
        await secretariat.announce(replace(made_up(0), edition=EDITION), seats=10)
        await secretariat.open(EDITION, await desk.commitment(EDITION, "phone"))
    return Invitation(EDITION, verifier.vkey)
