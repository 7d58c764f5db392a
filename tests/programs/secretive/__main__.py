"""A secret setting becomes an input and an output, alone and within others; the program even prints it."""

from __future__ import annotations

import pulumi
from pulumi_openstack import blockstorage, compute, networking

config = pulumi.Config()
token = config.require_secret("token")
network = networking.Network("net", name="net")
subnet = networking.Subnet("net", name="net", network_id=network.id, cidr="10.6.0.0/24")
port = networking.Port("port", name="port", network_id=network.id, fixed_ips=[{"subnet_id": subnet.id}])
disk = blockstorage.Volume("disk", name="disk", size=1, image_id=config.require("image"))
server = compute.Instance(
    "server",
    name="server",
    flavor_id=config.require("flavor"),
    block_devices=[
        {
            "source_type": "volume",
            "destination_type": "volume",
            "uuid": disk.id,
            "boot_index": 0,
            "delete_on_termination": False,
        }
    ],
    networks=[{"port": port.id}],
    user_data=pulumi.Output.concat("TOKEN=", token),
    admin_pass=token,
)
print("the token is", config.require("token"))
pulumi.export("token", token)
pulumi.export("told", server.user_data)
pulumi.export("within", {"a": ["plain", token]})
pulumi.export("plain", server.name)
