"""What a certificate of reclaim tells about a system: what there was, what was looked at, who decided, when it ended.

Values only. `casework.certificate.facts` collects them from the case file, the journal and the ledger;
`casework.certificate.issue` signs them. No name, e-mail or telephone of a person stands here: people are account ids.
"""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Named(_Value):
    """A city, unit, system, procedure or zone: its code and its Chinese name."""

    code: str
    name: str


class ReclaimedResource(_Value):
    """A resource that existed. `deleted_at` is None where no delete of ours removed it: then only the search tells.

    `given_up_by` is the account that decided about its data (invariant 4), "" for what bears none.
    """

    type: str
    name: str
    id: str
    urn: str
    created_at: datetime | None
    deleted_at: datetime | None
    given_up_by: str = ""


class Destruction(_Value):
    """An execution that destroyed: the plan's digest, whose yes it rested on and why, and when it was done."""

    plan: str
    approved_by: str
    ground: str
    approved_at: datetime
    ended_at: datetime


class ReclaimedStack(_Value):
    """One zone of the system: every resource that it ever had, in the order of their making."""

    name: str
    zone: Named
    cloud: str
    destructions: tuple[Destruction, ...]
    resources: tuple[ReclaimedResource, ...]


class Searched(_Value):
    """One kind on one cloud, listed to its proven end: how many objects were seen; none of them was the system's."""

    cloud: str
    type: str
    at: datetime
    objects: int


class HandedOver(_Value):
    """A document of the case file by its SHA-256. `proves_hand_over`: the reclaim was not allowed without it."""

    document: str
    title: str
    rule: str
    sha256: str
    size: int
    by: str
    at: datetime
    proves_hand_over: bool


class Decided(_Value):
    """A step of the case: who did it in which role, under which rule."""

    action: Named
    account: str
    role: Named
    rule: str
    at: datetime


class LedgerEnd(_Value):
    """The last life of a resource in the usage ledger: charged from `opened_on` on, and no more from `ended_on` on."""

    resource: str
    items: tuple[str, ...]
    opened_on: date
    ended_on: date


class ReclaimFacts(_Value):
    """All of it. `searched_by` says how the system's things were known in the lists.

    What happened in the cloud stands on the real clock, what people decided on the domain clock;
    `clock_offset_seconds` is how far that was ahead when the certificate was issued (0 but in demos and drills).
    """

    city: Named
    unit: Named
    system: Named
    case: str
    procedure: Named
    rules: tuple[str, ...]
    stacks: tuple[ReclaimedStack, ...]
    searched_by: tuple[str, ...]
    searches: tuple[Searched, ...]
    documents: tuple[HandedOver, ...]
    decisions: tuple[Decided, ...]
    ledger: tuple[LedgerEnd, ...]
    clock_offset_seconds: int


class Certificate(_Value):
    """The facts under a number. Its JSON, canonical, is what the signature is over.

    `audit_head` is the audit trail's newest hash at the issue: a trail that was cut off later is found out by it.
    """

    format: str = "yunguan/reclaim-certificate/v1"
    number: str
    issued_at: datetime
    audit_head: str
    facts: ReclaimFacts
