"""What shall be at a resource, against what the list of such parts shows: a server and the ports its program names.

The server's own body does not tell its ports; their list, which a scan reads anyway, tells at which server each is.
Used by `listing.py`: what was taken off by hand is seen in the list of the parts, and differs in the whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from sqlalchemy import select

from controller.engine.provider import Kind, Observation, Provider
from controller.reconcile.known import Known, finding, untouched
from controller.reconcile.verdict import Finding, Verdict
from controller.store.database import Sessions
from controller.store.engine import ResourceRow


@dataclass(frozen=True, slots=True)
class Whole:
    """The resource at which a part shall be; `input` names its parts, each by `member`."""

    row: Known
    id: str
    input: str
    member: str


@dataclass(frozen=True)
class Attached:
    """Where the parts of one kind shall be, by the part's id; and those that were seen elsewhere, by their whole."""

    wholes: dict[str, Whole]
    off: dict[Whole, set[str]] = field(default_factory=dict)

    @classmethod
    def at(cls, sessions: Sessions, provider: Provider, part: Kind, places: Collection[str]) -> Attached:
        """What the state at these places says of parts of that kind."""
        wholes: dict[str, Whole] = {}
        for kind in provider.kinds():
            if part.token in kind.attaches:
                wholes |= _wholes(sessions, kind.token, *kind.attaches[part.token], places)
        return cls(wholes)

    def see(self, part: Observation) -> None:
        """Takes down one that is not where it shall be."""
        whole = self.wholes.get(part.id)
        if whole is not None and part.owner != whole.id:
            self.off.setdefault(whole, set()).add(part.id)

    def findings(self, sessions: Sessions) -> Iterator[Finding]:
        """A finding for each whole that lacks a part, unless it was worked on since it was read."""
        with sessions() as session:
            rows = untouched(session, [whole.row for whole in self.off])
        for whole, off in self.off.items():
            row = rows.get(whole.row.row_id)
            if row is not None:
                named = row.inputs[whole.input]
                left = [one for one in named if one.get(whole.member) not in off]
                yield finding(Verdict.CHANGED, row, fields={whole.input: (named, left)})


def _wholes(sessions: Sessions, token: str, input: str, member: str, places: Collection[str]) -> dict[str, Whole]:
    rows = select(
        ResourceRow.id, ResourceRow.version, ResourceRow.cloud, ResourceRow.physical_id, ResourceRow.inputs[input]
    ).where(
        ResourceRow.type == token,
        ResourceRow.cloud.in_(places),
        ~ResourceRow.pending_delete,
        ~ResourceRow.missing,
        ~ResourceRow.external,
    )
    wholes: dict[str, Whole] = {}
    with sessions() as session:
        for row_id, version, cloud, id, named in session.execute(rows.execution_options(yield_per=5000)):
            whole = Whole(Known(row_id, version, cloud), id, input, member)
            wholes |= {one[member]: whole for one in named or () if one.get(member)}
    return wholes
