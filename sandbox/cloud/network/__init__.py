"""Neutron v2: networks, subnets, ports, routers, security groups, floating IPs and what belongs to them.

`resource` turns a description of a kind into its handlers; a module a topic holds the descriptions. Nova and octavia
make, bind and drop ports through `ports`.
"""

from sandbox.cloud.network.service import NETWORK_SERVICE

__all__ = ["NETWORK_SERVICE"]
