"""What keystone keeps."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.cloud.caller import Caller
from sandbox.cloud.store import Collection, Document


@dataclass(frozen=True)
class Token:
    """A token given: who bears it, until when, and the document a validation shows."""

    caller: Caller
    expires: datetime
    document: Document


@dataclass
class IdentityState:
    """Resources by kind; passwords and secrets beside them, so that no document shows one."""

    domains: Collection = field(default_factory=lambda: Collection("domain"))
    projects: Collection = field(default_factory=lambda: Collection("project", "name"))
    users: Collection = field(default_factory=lambda: Collection("user", "name"))
    groups: Collection = field(default_factory=lambda: Collection("group"))
    roles: Collection = field(default_factory=lambda: Collection("role"))
    services: Collection = field(default_factory=lambda: Collection("service"))
    endpoints: Collection = field(default_factory=lambda: Collection("endpoint"))
    regions: Collection = field(default_factory=lambda: Collection("region"))
    credentials: Collection = field(default_factory=lambda: Collection("credential"))
    limits: Collection = field(default_factory=lambda: Collection("limit"))
    registered_limits: Collection = field(default_factory=lambda: Collection("registered_limit"))
    endpoint_groups: Collection = field(default_factory=lambda: Collection("endpoint_group"))
    application_credentials: Collection = field(default_factory=lambda: Collection("application_credential", "user_id"))
    access_rules: Collection = field(default_factory=lambda: Collection("access_rule", "user_id"))
    assignments: Collection = field(default_factory=lambda: Collection("role_assignment", "actor_id", "scope_id"))
    tokens: dict[str, Token] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    """Password by user id, secret by application credential id."""
    memberships: set[tuple[str, str]] = field(default_factory=set)
    """(group id, user id)."""
    endpoint_group_projects: set[tuple[str, str]] = field(default_factory=set)
    """(endpoint group id, project id)."""
    domain_configs: dict[str, Document] = field(default_factory=dict)

    def void(self, condemned: Callable[[Token], bool]) -> None:
        """Make the tokens void that the predicate chooses."""
        self.tokens = {name: token for name, token in self.tokens.items() if not condemned(token)}
