"""Which host a server stands on: one of the zone's, in turn, as its group's policy allows."""

from sandbox.cloud.compute.state import ComputeState
from sandbox.cloud.errors import BadRequest
from sandbox.cloud.store import Document

DEFAULT_ZONE = "nova"


def zone_of(state: ComputeState, asked: str | None) -> tuple[str, str | None]:
    """The zone (and host) that `availability_zone` names: `zone`, `zone:host`, or none; 400 where it does not exist."""
    zone, _, host = (asked or DEFAULT_ZONE).partition(":")
    if zone not in {one["zone"] for one in state.hosts}:
        raise BadRequest("The requested availability zone is not available")
    return zone, host or None


def place(state: ComputeState, zone: str, host: str | None, group: Document | None) -> str | None:
    """A host for one more server, or nothing where the group's policy leaves none."""
    names: list[str] = [one["name"] for one in state.hosts if one["zone"] == zone and host in {None, one["name"]}]
    taken = _hosts_of(state, group) if group else []
    match group["policy"] if group else None:
        case "affinity" if taken:
            names = [name for name in names if name in taken]
        case "anti-affinity" if group:
            most = int(group["rules"].get("max_server_per_host", 1))
            names = [name for name in names if taken.count(name) < most]
    if not names:
        return None
    if group and group["policy"] == "soft-affinity" and taken:
        return next((name for name in names if name in taken), names[0])
    if group and group["policy"] == "soft-anti-affinity":
        return min(names, key=taken.count)
    return names[len(state.servers) % len(names)]


def _hosts_of(state: ComputeState, group: Document) -> list[str]:
    """Where the group's members stand, one entry a member."""
    members = (state.servers.get(member) for member in group["members"])
    return [member["host"] for member in members if member and member["host"]]
