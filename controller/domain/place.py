"""Where resources lie, as one name: an entry of clouds.yaml, one of the projects it reaches, one of its regions.

    gov                   the entry's own project, in its first region
    gov@east              the same project in another of the entry's regions
    gov/finance@east      another project that the same credentials reach, there

Stacks and resources keep the name; the provider signs in by it, and a scan covers all names of an entry.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Place:
    """`project` is a name in the domain of the entry's own project, or an id; "" for that own one, or first region."""

    entry: str
    project: str = ""
    region: str = ""

    @classmethod
    def parse(cls, name: str) -> Place:
        """The place of that name."""
        front, _, region = name.partition("@")
        entry, _, project = front.partition("/")
        return cls(entry, project, region)

    def __str__(self) -> str:
        project = f"/{self.project}" if self.project else ""
        region = f"@{self.region}" if self.region else ""
        return f"{self.entry}{project}{region}"


def entry_of(name: str) -> str:
    """The entry of clouds.yaml that a place's name begins with."""
    return Place.parse(name).entry
