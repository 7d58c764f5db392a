"""Inputs that Pulumi's OpenStack SDK knows and this engine does not offer, with what to do instead.

`shape.py` asks it when a program sets an input that the kind has no row for: the refusal then says why, rather than
that there is no such input. A test compares these tables with the SDK's classes, so that every input of each is either
a row of the kind or stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_REGION: Final = {"region": "the region is that of the cloud in clouds.yaml"}
_PROJECT: Final = {"tenantId": "resources belong to the project of the cloud's credentials"}
_RAW: Final = {"valueSpecs": "what is sent past the checked inputs could not be compared with what is there"}
_COMMON: Final = {**_REGION, **_PROJECT, **_RAW}
_DNS: Final = "names in the DNS are made by a zone's records, not by Neutron"
_QOS: Final = "QoS policies are the operator's"
_ONE_SUBNET: Final = "name the one subnet that is meant"
_TLS: Final = "TLS ends with Octavia's own defaults"
_KEYS: Final = "needs a key manager's certificates for clients, which is not offered"
_HSTS: Final = "let the servers behind it send that header"
_BOOT: Final = "a server boots from a volume that was made first: give blockDevices"
_PORTS: Final = "a server's ports are made first: give networks that name a port each"
_PLACEMENT: Final = "where a server or volume runs is the operator's choice: use availabilityZone or a server group"
_REMOVAL: Final = "a server is removed in the one way that lets its volumes go unharmed"

_UNSUPPORTED: Final[Mapping[str, Mapping[str, str]]] = {
    "Network": {
        **_COMMON,
        "dnsDomain": _DNS,
        "qosPolicyId": _QOS,
        "segments": "provider networks are the operator's",
        "transparentVlan": "provider networks are the operator's",
    },
    "Subnet": {
        **_COMMON,
        "dnsPublishFixedIp": _DNS,
        "ipv6AddressMode": "addresses are given by DHCP or by the port",
        "ipv6RaMode": "addresses are given by DHCP or by the port",
        "prefixLength": "subnet pools are not offered: give cidr",
        "segmentId": "provider networks are the operator's",
        "serviceTypes": "subnets of the cloud's own services are the operator's",
        "subnetpoolId": "subnet pools are not offered: give cidr",
    },
    "Router": {
        **_COMMON,
        "externalFixedIps": "the cloud chooses the gateway's address",
        "externalQosPolicyId": _QOS,
        "externalSubnetIds": "the cloud chooses the gateway's address",
        "vendorOptions": "the gateway is set in the call that makes the router",
    },
    "RouterInterface": {
        **_REGION,
        "forceDestroy": "routes are not taken away with an interface: remove them first",
    },
    "SecGroup": {**_REGION, **_PROJECT},
    "SecGroupRule": {
        **_REGION,
        **_PROJECT,
        "remoteAddressGroupId": "address groups are not offered: give remoteIpPrefix or remoteGroupId",
    },
    "ServerGroup": {**_REGION, **_RAW, "rules": "a policy has no further rules here"},
    "Keypair": {**_REGION, **_RAW, "userId": "keypairs belong to the user of the cloud's credentials"},
    "Volume": {
        **_REGION,
        "backupId": "restoring a backup is an act of its own: make the volume of a snapshot or image",
        "consistencyGroupId": "consistency groups are not offered",
        "schedulerHints": _PLACEMENT,
        "sourceReplica": "Cinder no longer makes volumes of replicas: give sourceVolId",
        "volumeRetypePolicy": "a volume never moves to another storage while its type changes",
    },
    "Instance": {
        **_REGION,
        "availabilityZoneHints": "give availabilityZone",
        "flavorName": "give flavorId, which names one flavor for ever",
        "forceDelete": _REMOVAL,
        "hypervisorHostname": _PLACEMENT,
        "imageId": _BOOT,
        "imageName": _BOOT,
        "networkMode": _PORTS,
        "personalities": "give files by userData",
        "securityGroups": "security groups stand on a server's ports: give securityGroupIds there",
        "stopBeforeDestroy": _REMOVAL,
        "vendorOptions": _REMOVAL,
    },
    "VolumeAttach": {
        **_REGION,
        "multiattach": "a volume is at one server at a time",
        "tag": "devices are told apart by the volume's id",
        "vendorOptions": "an attachment is made and removed in one way",
    },
    "Port": {
        **_COMMON,
        "binding": "bindings are the operator's",
        "deviceId": "a port is bound by what uses it",
        "deviceOwner": "a port is bound by what uses it",
        "dnsName": _DNS,
        "extraDhcpOptions": "DHCP tells what the subnet says",
        "qosPolicyId": _QOS,
    },
    "FloatingIp": {
        **_COMMON,
        "dnsDomain": _DNS,
        "dnsName": _DNS,
        "fixedIp": "make a FloatingIpAssociate for it",
        "portId": "make a FloatingIpAssociate for it",
        "subnetIds": _ONE_SUBNET,
    },
    "FloatingIpAssociate": _REGION,
    "LoadBalancer": {
        **_REGION,
        **_PROJECT,
        "securityGroupIds": "security groups stand on the port: make it, and give vipPortId",
        "vipQosPolicyId": _QOS,
    },
    "Listener": {
        **_REGION,
        **_PROJECT,
        "alpnProtocols": _TLS,
        "clientAuthentication": _KEYS,
        "clientCaTlsContainerRef": _KEYS,
        "clientCrlContainerRef": _KEYS,
        "defaultPoolId": "the pool says it: give listenerId there",
        "hstsIncludeSubdomains": _HSTS,
        "hstsMaxAge": _HSTS,
        "hstsPreload": _HSTS,
        "sniContainerRefs": _KEYS,
        "tlsCiphers": _TLS,
        "tlsVersions": _TLS,
    },
    "Pool": {
        **_REGION,
        **_PROJECT,
        "alpnProtocols": _TLS,
        "caTlsContainerRef": _KEYS,
        "crlContainerRef": _KEYS,
        "tlsCiphers": _TLS,
        "tlsContainerRef": _KEYS,
        "tlsEnabled": _TLS,
        "tlsVersions": _TLS,
    },
    "Member": {**_REGION, **_PROJECT},
    "Monitor": {
        **_REGION,
        **_PROJECT,
        "domainName": "checks go to the server's address",
        "httpVersion": "checks speak HTTP 1.0",
    },
}


def unsupported_inputs(token: str) -> Mapping[str, str]:
    """The inputs, by wire name, that a resource of this type may not have although the SDK knows them, with why."""
    return _UNSUPPORTED[token.rpartition(":")[2]]
