"""Whatever owns resources, behind the engine's interface. `registry.py` names the kinds; openstack/ holds them."""
