"""Where a kind differs from what Pulumi's SDK says of its class, with the reason. `test_faithful.py` and the contract
compare; what stands here must differ, so that no line outlives its reason. "*" stands for every kind.
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.engine.provider import Kind

Reasons = Mapping[tuple[str, str], str]

REQUIRED: Reasons = {
    ("Subnet", "cidr"): "subnet pools are not offered",
    ("ServerGroup", "policies"): "Nova has no default that it would tell",
    ("Keypair", "publicKey"): "a private key made by the cloud would pass through the controller",
    ("Instance", "flavorId"): "flavors are not named by name",
    ("Instance", "blockDevices"): "a server boots from a volume that was made first",
    ("Instance", "networks"): "a server's ports are made first",
    ("FloatingIp", "pool"): "a cloud has several, and none is the default",
}
"""Inputs that must be given here and need not by the SDK."""

NAMED: frozenset[str] = frozenset({"name"})
"""Required by the kinds: Pulumi makes a name where the program gives none."""

REPLACES: Reasons = {
    ("Subnet", "cidr"): "Neutron cannot change it",
    ("Router", "distributed"): "Neutron changes it only while the router is down",
    ("FloatingIp", "address"): "Neutron cannot change it",
    ("FloatingIp", "subnetId"): "it is chosen in the create call only",
    ("FloatingIpAssociate", "floatingIp"): "another floating IP is another association",
    ("VolumeAttach", "instanceId"): "another server is another attachment",
    ("VolumeAttach", "volumeId"): "another volume is another attachment",
    ("VolumeAttach", "device"): "Nova cannot move it",
    ("Instance", "schedulerHints"): "hints count in the create call only",
    ("Monitor", "poolId"): "Octavia cannot change it",
}
"""What replaces here, or does not, against the SDK's text."""

DEFAULTS: Reasons = {
    ("SecGroup", "stateful"): "only clouds with that extension have it: they give it",
    ("Monitor", "expectedCodes"): "only monitors of HTTP have it: the cloud gives it",
    ("Monitor", "httpMethod"): "only monitors of HTTP have it: the cloud gives it",
    ("Monitor", "urlPath"): "only monitors of HTTP have it: the cloud gives it",
}
"""Inputs without the default that the SDK's text names."""

_NEVER_SET = "it cannot be set here, and the cloud does not show it"
_INPUT_ALONE = "how the program means something; the cloud does not show it"

NOT_SHOWN: Reasons = {
    ("*", "region"): "the program chose the cloud, and with it the region",
    ("*", "valueSpecs"): _NEVER_SET,
    ("*", "vendorOptions"): _NEVER_SET,
    ("Network", "segments"): "only administrators see provider networks",
    ("Subnet", "prefixLength"): _NEVER_SET,
    ("Router", "externalQosPolicyId"): "the gateway has none",
    ("Router", "externalSubnetIds"): _NEVER_SET,
    ("RouterInterface", "forceDestroy"): _NEVER_SET,
    ("ServerGroup", "rules"): _NEVER_SET,
    ("Keypair", "privateKey"): "the cloud never has it",
    ("Volume", "backupId"): _NEVER_SET,
    ("Volume", "enableOnlineResize"): _INPUT_ALONE,
    ("Volume", "schedulerHints"): _NEVER_SET,
    ("Volume", "sourceReplica"): _NEVER_SET,
    ("Volume", "volumeRetypePolicy"): _NEVER_SET,
    ("Instance", "adminPass"): "only Nova's answer to the create call holds one that it made",
    ("Instance", "availabilityZoneHints"): _NEVER_SET,
    ("Instance", "flavorName"): "Nova names a server's flavor by its id",
    ("Instance", "forceDelete"): _NEVER_SET,
    ("Instance", "hypervisorHostname"): "only administrators see it",
    ("Instance", "imageId"): "a server boots from a volume",
    ("Instance", "imageName"): "a server boots from a volume",
    ("Instance", "networkMode"): _NEVER_SET,
    ("Instance", "personalities"): _NEVER_SET,
    ("Instance", "stopBeforeDestroy"): _NEVER_SET,
    ("VolumeAttach", "multiattach"): _NEVER_SET,
    ("VolumeAttach", "tag"): _NEVER_SET,
    ("Port", "binding"): "only administrators see it",
    ("Port", "extraDhcpOptions"): _NEVER_SET,
    ("Port", "noFixedIp"): _INPUT_ALONE,
    ("Port", "noSecurityGroups"): _INPUT_ALONE,
    ("FloatingIp", "subnetId"): _INPUT_ALONE,
    ("FloatingIp", "subnetIds"): _NEVER_SET,
}
"""Outputs of the SDK's class that are not there after a create of the contract's case."""

BEYOND: Reasons = {
    ("*", "createdAt"): "says which of duplicates stays",
    ("SecGroupRule", "allTags"): "as all of Neutron's kinds",
    ("FloatingIpAssociate", "allTags"): "as all of Neutron's kinds",
}
"""Outputs that the SDK's class does not have, so that no program reads them."""


def differing(reasons: Reasons, kind: Kind) -> set[str]:
    """The names listed for `kind`."""
    own = kind.token.rpartition(":")[2]
    return {field for name, field in reasons if name in ("*", own)}
