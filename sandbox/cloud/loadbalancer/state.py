"""What octavia keeps. Documents are as the API shows them, beside fields that begin with `_` and are not shown.

`_lb` is the load balancer that an object belongs to, `_parent` the pool of a member or the policy of a rule.
"""

from dataclasses import dataclass, field
from functools import partial

from sandbox.cloud.store import Collection

QUOTAS = ("load_balancer", "listener", "pool", "member", "health_monitor", "l7policy", "l7rule")


@dataclass
class LoadBalancerState:
    """Octavia's memory."""

    loadbalancers: Collection = field(default_factory=partial(Collection, "loadbalancer"))
    listeners: Collection = field(default_factory=partial(Collection, "listener", "_lb"))
    pools: Collection = field(default_factory=partial(Collection, "pool", "_lb"))
    members: Collection = field(default_factory=partial(Collection, "member", "_lb", "_parent"))
    healthmonitors: Collection = field(default_factory=partial(Collection, "healthmonitor", "_lb"))
    l7policies: Collection = field(default_factory=partial(Collection, "l7policy", "_lb", "listener_id"))
    l7rules: Collection = field(default_factory=partial(Collection, "l7rule", "_lb", "_parent"))
    amphorae: Collection = field(default_factory=partial(Collection, "amphora", "loadbalancer_id"))
    flavor_profiles: Collection = field(default_factory=partial(Collection, "lb_flavor_profile"))
    flavors: Collection = field(default_factory=partial(Collection, "lb_flavor"))
    zone_profiles: Collection = field(default_factory=partial(Collection, "lb_availability_zone_profile"))
    zones: Collection = field(default_factory=partial(Collection, "lb_availability_zone"))
    quotas: dict[str, dict[str, int]] = field(default_factory=dict)
    """Limits by project id; what is not in it is without limit (-1), as octavia's defaults are."""

    def quota(self, project_id: str, name: str) -> int:
        """The limit of a project; -1 is none."""
        return self.quotas.get(project_id, {}).get(name, -1)
