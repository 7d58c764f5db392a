"""Names of openstacksdk's own functional test modules → the suites this project promises to pass (read by worker.py).

The wheel of openstacksdk carries the modules; the choice among them is that of the design page on real parts: every
service the simulated cloud speaks, and of the network service the modules whose extension it offers.
"""

ROOT = "openstack.tests.functional"

NETWORK_MODULES = (
    "network",
    "network_ip_availability",
    "subnet",
    "subnet_pool",
    "subnet_from_subnet_pool",
    "port",
    "port_forwarding",
    "router",
    "router_add_remove_interface",
    "security_group",
    "security_group_rule",
    "floating_ip",
    "quota",
    "rbac_policy",
    "trunk",
    "qos_policy",
    "qos_bandwidth_limit_rule",
    "address_group",
    "availability_zone",
    "extension",
    "agent",
)

CLOUD_MODULES = ("compute", "block_storage", "identity", "image", "network", "inventory")

WHOLE_PACKAGES = ("compute.v2", "block_storage.v3", "image.v2", "identity.v3", "load_balancer.v2")


def suite_of(test_id: str) -> str:
    """The suite a test counts under: `compute/v2`, `network/v2`, `cloud/identity` …"""
    service, second = test_id.removeprefix(f"{ROOT}.").split(".")[:2]
    return f"{service}/{second.removeprefix('test_')}"
