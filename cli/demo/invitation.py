"""A second edition that stays open, so that whoever looks can vote, watch, and check a receipt."""

import sys
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from cli.demo.desk import Desk
from cli.demo.officials import Officials, Secretariat
from cli.demo.script import made_up
from cli.installation import Installation
from shared.client.ballot_box import open_ballot_box
from shared.client.voter import new_voter, save_voter
from shared.edition.manifest import LogIdentity
from shared.log.note import ED25519, Verifier

EDITION = "demo-open"
VISITORS = 3
CHOICES = "--choose hukou --choose library-24"


class Invitation(Struct, frozen=True):
    """The open edition's log key, and a voter's file for each visitor."""

    edition: str
    vkey: str
    voters: tuple[Path, ...]

    def lines(self, installation: Installation) -> list[str]:
        """What to type, from casting a ballot to checking it."""
        huimin, voter = Path(sys.argv[0]), self.voters[0]
        edition = f"{installation.ballot_url}/v1/editions/{self.edition}"
        tally = f"{installation.tally_url}/v1/editions/{self.edition}/tally"
        return [
            "现在可以自己投一票 / now cast a ballot yourself (see the choices first):",
            f"  {huimin} edition show {self.edition} --url {installation.ballot_url}",
            f"  {huimin} vote --url {installation.ballot_url} --voter {voter} {CHOICES}",
            "看计票变化 / watch the tally move (in another terminal):",
            f"  curl -N {tally}/stream",
            "核对回执, 不必信任我们 / check your receipt without trusting us:",
            f"  {huimin} receipt verify {voter.with_suffix('.receipt.json')} --vkey {self.vkey}",
            f"  {huimin} audit {installation.ballot_url}/log/{self.edition} --vkey {self.vkey}",
            f"接口 / the same as data: {edition}",
        ]


async def invite(installation: Installation, officials: Officials) -> Invitation:
    """Open the vote and give each visitor a key and a credential."""
    async with open_ballot_box(installation.ballot_url) as box:
        editions = await box.editions()
        log = LogIdentity(f"{editions.log_origin}/{EDITION}", editions.log_key)
        verifier = Verifier(log.origin, ED25519, log.key)
        desk = Desk(VISITORS)
        script = replace(made_up(VISITORS), edition=EDITION)
        await Secretariat(box, officials, log, verifier).open(script, desk, seats=10)
    directory = installation.data / "voters"
    directory.mkdir(mode=0o700, exist_ok=True)
    files = []
    for number in range(1, VISITORS + 1):
        voter = new_voter(EDITION, verifier.vkey)
        credential = desk.credential(EDITION, voter.private_key)
        files.append(directory / f"visitor-{number}.json")
        save_voter(files[-1], voter.with_credential(credential))
    return Invitation(EDITION, verifier.vkey, tuple(files))
