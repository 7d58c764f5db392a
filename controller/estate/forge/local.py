"""The local forge: a proposal is a branch of the estate's own repository, an approval its merge commit."""

from __future__ import annotations

import hashlib
import re

from controller.domain.errors import WrongUse
from controller.domain.roles import ACCOUNT
from controller.estate.document import path_of, refuse_personal_data, render
from controller.estate.forge import Approval, Proposal, Proposed
from controller.estate.repository import Entry, Estate

_REQUEST = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class LocalForge:
    """Implements `Forge` on the repository alone."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate

    def propose(self, proposal: Proposal) -> Proposed:
        """The branch `proposal/<request>/<hash of its files>/<number>`: what still stands is not proposed anew."""
        if not _REQUEST.fullmatch(proposal.request):
            raise WrongUse(f"{proposal.request!r} is no id of a request")
        refuse_personal_data(proposal.message, where="message of the proposal")
        files: dict[str, str | None] = {path_of(name): None for name in proposal.remove}
        files |= {path_of(spec.stack_name): render(spec) for spec in proposal.put}
        key = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:12]
        stacks = sorted([*proposal.remove, *(spec.stack_name for spec in proposal.put)])
        entry = Entry(
            account=_account(proposal.author),
            at=proposal.at,
            title=_line(proposal.message),
            trailers={"Request": proposal.request, "Rule": proposal.rule, "Stacks": " ".join(stacks)},
        )
        name, commit = self._estate.write_branch(f"proposal/{proposal.request}/{key}", files, entry)
        return Proposed(name, commit)

    def merge(self, proposed: Proposed, approval: Approval) -> str:
        """The merge commit, in the approver's name."""
        entry = Entry(
            account=_account(approval.approver),
            at=approval.at,
            title=f"Merge {proposed.name}",
            trailers={"Approved-by": approval.approver, "Approval-rule": approval.rule},
        )
        return self._estate.merge_branch(proposed.name, entry)


def _account(account: str) -> str:
    if not ACCOUNT.fullmatch(account):
        raise WrongUse(f"{account!r} is no account id", remedy="authors and approvers are named by account id")
    return account


def _line(message: str) -> str:
    """One line, so that nothing in it can be taken for a trailer."""
    return " ".join(message.split())
