"""Octavia v2 up to 2.27: load balancers, listeners, pools, members, health monitors, L7 policies and rules.

`kinds` turns a description of a kind into its handlers, `tree` keeps the pending states; VIP ports are neutron's.
"""

from sandbox.cloud.loadbalancer.service import LOAD_BALANCER_SERVICE

__all__ = ["LOAD_BALANCER_SERVICE"]
