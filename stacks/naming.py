"""What every resource is given: name in the cloud, meter tags, place in the tree. Made once a stack."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from controller.domain.spec import SystemSpec
from stacks.tags import MeterTags


@dataclass(frozen=True)
class Context:
    """What every topic of the program needs of the stack that it belongs to."""

    spec: SystemSpec
    tags: MeterTags
    parent: pulumi.Resource

    def name(self, thing: str) -> str:
        """The explicit name in the cloud of `thing`, the resource's name in the program. Nothing is named at random."""
        return f"{self.spec.metadata.system}-{self.spec.metadata.zone}-{thing}"

    def options(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        """Child of the system; made after `after` where no input says so."""
        return pulumi.ResourceOptions(parent=self.parent, depends_on=list(after))
