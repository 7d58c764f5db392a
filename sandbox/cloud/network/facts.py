"""What neutron says of itself: versions, extensions, agents, availability zones."""

from sandbox.cloud import clock, discovery
from sandbox.cloud.errors import NotFound
from sandbox.cloud.network import query
from sandbox.cloud.network.resource import Fields
from sandbox.cloud.network.state import NetworkState
from sandbox.cloud.routing import Call, Router
from sandbox.cloud.world import World

EXTENSIONS = {
    "address-group": "Address group",
    "agent": "agent",
    "allowed-address-pairs": "Allowed Address Pairs",
    "availability_zone": "Availability Zone",
    "binding": "Port Binding",
    "default-subnetpools": "Default Subnetpools",
    "ext-gw-mode": "Neutron L3 Configurable external gateway mode",
    "external-net": "Neutron external network",
    "extra_dhcp_opt": "Neutron Extra DHCP options",
    "extraroute": "Neutron Extra Route",
    "extraroute-atomic": "Atomically add/remove extra routes",
    "fip-port-details": "Floating IP Port Details Extension",
    "floating-ip-port-forwarding": "Floating IP Port Forwarding",
    "net-mtu": "Network MTU",
    "network-ip-availability": "Network IP Availability",
    "network_availability_zone": "Network Availability Zone",
    "port-security": "Port Security",
    "project-id": "project_id field enabled",
    "provider": "Provider Network",
    "qos": "Quality of Service",
    "qos-bw-limit-direction": "Direction for QoS bandwidth limit rule",
    "qos-default": "QoS default policy",
    "quotas": "Quota management support",
    "quota_details": "Quota details management support",
    "rbac-policies": "RBAC Policies",
    "revision-if-match": "If-Match constraints based on revision_number",
    "router": "Neutron L3 Router",
    "security-group": "security-group",
    "sorting": "Sorting support",
    "pagination": "Pagination support",
    "standard-attr-description": "standard-attr-description",
    "standard-attr-revisions": "Resource revision numbers",
    "standard-attr-tag": "Tag support for resources with standard attribute",
    "standard-attr-timestamp": "Resource timestamps",
    "subnet_allocation": "Subnet Allocation",
    "tag-creation": "Tag creation extension",
    "trunk": "Trunk Extension",
}
_AGENTS = (
    ("Open vSwitch agent", "neutron-openvswitch-agent", "N/A"),
    ("L3 agent", "neutron-l3-agent", "l3_agent"),
    ("DHCP agent", "neutron-dhcp-agent", "dhcp_agent"),
)


def register_facts(routes: Router) -> None:
    """The version documents (without a token) and the lists of what this neutron offers."""
    routes.get("/", public=True)(_versions)
    routes.get("/v2.0", public=True)(_resources)
    routes.get("/v2.0/extensions")(_extensions)
    routes.get("/v2.0/extensions/{alias}")(_extension)
    routes.get("/v2.0/availability_zones")(_zones)
    routes.get("/v2.0/agents")(_agents)
    routes.get("/v2.0/agents/{id}", admin=True)(_agent)
    routes.put("/v2.0/agents/{id}", admin=True)(_update_agent)


def seed_agents(world: World) -> None:
    """The agents of the one network node."""
    for number, (kind, binary, topic) in enumerate(_AGENTS, start=1):
        now = clock.seconds_stamp()
        world[NetworkState].agents.add(
            {
                "id": f"6c0a1d1e-0000-4000-8000-{number:012d}",
                "agent_type": kind,
                "binary": binary,
                "topic": topic,
                "host": "sandbox-network-1",
                "availability_zone": "nova",
                "admin_state_up": True,
                "alive": True,
                "resources_synced": True,
                "configurations": {},
                "description": "",
                "created_at": now,
                "started_at": now,
                "heartbeat_timestamp": now,
                "project_id": "",
            }
        )


def _versions(call: Call) -> Fields:
    return {"versions": [discovery.version("v2.0", f"{call.root}/v2.0")]}


def _resources(_call: Call) -> Fields:
    return {"resources": []}


def _extensions(_call: Call) -> Fields:
    return {"extensions": [_described(alias) for alias in EXTENSIONS]}


def _extension(call: Call) -> Fields:
    if call.params["alias"] not in EXTENSIONS:
        raise NotFound(f"Extension with alias {call.params['alias']} does not exist", kind="HTTPNotFound")
    return {"extension": _described(call.params["alias"])}


def _described(alias: str) -> Fields:
    name = EXTENSIONS[alias]
    return {
        "alias": alias,
        "name": name,
        "description": f"{name}.",
        "updated": "2026-04-01T00:00:00-00:00",
        "links": [],
    }


def _zones(call: Call) -> Fields:
    rows = [
        {"name": zone, "resource": kind, "state": "available"}
        for zone in call.world[NetworkState].zones
        for kind in ("network", "router")
    ]
    return {"availability_zones": rows}


def _agents(call: Call) -> Fields:
    """Policy lets members see none."""
    agents = list(call.world[NetworkState].agents) if call.caller.is_admin else []
    return {"agents": query.page(call, agents).documents}


def _agent(call: Call) -> Fields:
    return {"agent": call.world[NetworkState].agents[call.params["id"]]}


def _update_agent(call: Call) -> Fields:
    agent, changes = call.world[NetworkState].agents[call.params["id"]], call.body("agent")
    agent.update({name: value for name, value in changes.items() if name in ("description", "admin_state_up")})
    return {"agent": agent}
