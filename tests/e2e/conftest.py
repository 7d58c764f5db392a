"""Boundary: the whole product as its users meet it: `yunguan` as a process, the official `openstack` client, the
simulated cloud over HTTP. Nothing of it runs in the test's own process but the questions.
"""
