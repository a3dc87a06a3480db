"""An edition made in memory as a ballot service would show it."""

from shared.edition.views import EditionView, RollView
from tests.editions import EditionBuilder


def view_of(builder: EditionBuilder) -> EditionView:
    """The view of an announced edition."""
    state = builder.current
    roll = state.roll
    return EditionView(
        edition=builder.edition,
        phase=state.phase,
        manifest=state.manifest,
        initiatives=state.initiatives,
        roll=RollView(size=roll.size, root=roll.root, issuer_key=roll.issuer_key, mode=roll.mode)
        if roll
        else None,
        issued=state.issued,
        milestone_size=state.milestone_size,
        size=builder.head.size,
        checkpoint=builder.tree().checkpoint().decode(),
        log=f"/log/{builder.edition}",
        vkey=builder.signer.vkey,
    )
