"""Machines: for each its port, boot volume, data volume where asked for, the server, and the attachment.

Ports and volumes are made first, so that Nova makes nothing by itself. Volumes outlive the server: it boots from one
that is not deleted with it, and reaches its data disk by an attachment of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_openstack import blockstorage, compute, networking

from controller.domain.spec import Machine, Power
from stacks.naming import Context
from stacks.network import SystemNetwork
from stacks.openings import groups_of
from stacks.security import SecurityGroups
from stacks.tags import Item

_POWER_STATE = {Power.RUNNING: "active", Power.STOPPED: "shutoff"}


@dataclass(frozen=True)
class Server:
    """A machine of the spec with the resources it became."""

    machine: Machine
    port: networking.Port
    instance: compute.Instance

    @property
    def address(self) -> pulumi.Output[str]:
        return self.port.all_fixed_ips[0]


def build(context: Context, network: SystemNetwork, groups: SecurityGroups) -> list[Server]:
    clusters = sorted({machine.cluster for machine in context.spec.machines if machine.cluster is not None})
    apart = {cluster: _anti_affinity(context, cluster) for cluster in clusters}
    return [
        _server(context, network, groups, machine, apart[machine.cluster] if machine.cluster else None)
        for machine in context.spec.machines
    ]


def _anti_affinity(context: Context, cluster: str) -> compute.ServerGroup:
    """The members of a cluster group never share a host: they are clustered to survive the loss of one."""
    name = f"{cluster}-apart"
    return compute.ServerGroup(name, name=context.name(name), policies="anti-affinity", opts=context.options())


def _server(
    context: Context,
    network: SystemNetwork,
    groups: SecurityGroups,
    machine: Machine,
    apart: compute.ServerGroup | None,
) -> Server:
    port = networking.Port(
        f"{machine.name}-port",
        name=context.name(f"{machine.name}-port"),
        network_id=network.network.id,
        fixed_ips=[networking.PortFixedIpArgs(subnet_id=network.subnet.id)],
        security_group_ids=[groups[name].id for name in groups_of(machine)],
        tags=context.tags.tags(Item.SERVER),
        opts=context.options(),
    )
    boot = _volume(context, f"{machine.name}-boot", machine.system_disk_gb, image=machine.image.id)
    instance = compute.Instance(
        machine.name,
        name=context.name(machine.name),
        flavor_id=machine.flavor.id,
        availability_zone=context.spec.placement.availability_zone,
        networks=[compute.InstanceNetworkArgs(port=port.id)],
        block_devices=[
            compute.InstanceBlockDeviceArgs(
                uuid=boot.id,
                source_type="volume",
                destination_type="volume",
                boot_index=0,
                delete_on_termination=False,
            )
        ],
        scheduler_hints=[compute.InstanceSchedulerHintArgs(group=apart.id)] if apart else None,
        power_state=_POWER_STATE[context.spec.power],
        metadata=context.tags.metadata(Item.SERVER),
        opts=context.options(),
    )
    if machine.data_disk_gb:
        data = _volume(context, f"{machine.name}-data", machine.data_disk_gb)
        compute.VolumeAttach(
            f"{machine.name}-data-attach", instance_id=instance.id, volume_id=data.id, opts=context.options()
        )
    return Server(machine, port, instance)


def _volume(context: Context, thing: str, size_gb: int, *, image: str | None = None) -> blockstorage.Volume:
    """A disk of `size_gb` GiB, bootable where it is made from an image; it grows in place, also while in use."""
    return blockstorage.Volume(
        thing,
        name=context.name(thing),
        size=size_gb,
        image_id=image,
        volume_type=context.spec.placement.volume_type,
        availability_zone=context.spec.placement.availability_zone,
        enable_online_resize=True,
        metadata=context.tags.metadata(Item.DISK),
        opts=context.options(),
    )
