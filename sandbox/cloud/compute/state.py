"""What nova keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.cloud.store import Collection, Document


@dataclass
class ComputeState:
    """Servers are kept with fields of their own names; `views` shows them as a microversion wants."""

    servers: Collection = field(default_factory=lambda: Collection("server", "name", "host"))
    deleted_servers: Collection = field(default_factory=lambda: Collection("deleted_server"))
    """What `changes-since` and `deleted` still list."""
    flavors: Collection = field(default_factory=lambda: Collection("flavor", "name"))
    flavor_access: set[tuple[str, str]] = field(default_factory=set)
    """(flavor id, project id) of private flavors."""
    keypairs: Collection = field(default_factory=lambda: Collection("keypair", "user_id"))
    server_groups: Collection = field(default_factory=lambda: Collection("server_group"))
    aggregates: Collection = field(default_factory=lambda: Collection("aggregate"))
    hosts: list[Document] = field(default_factory=list)
    """Compute hosts: `{"name", "zone", "id"}`."""
    services: Collection = field(default_factory=lambda: Collection("compute_service"))
    migrations: Collection = field(default_factory=lambda: Collection("migration"))
    quota_defaults: Mapping[str, int] = field(default_factory=dict)
    quotas: dict[str, dict[str, int]] = field(default_factory=dict)
    """What differs from the defaults, by project id."""
    events: dict[str, list[Document]] = field(default_factory=dict)
    """Instance actions by server id, newest first."""
    passwords: dict[str, str] = field(default_factory=dict)
    """Encrypted administrator passwords that guests left, by server id."""
