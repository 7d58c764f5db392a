"""OpenStack: one module a resource kind, on a small core.

connection.py   one cloud of clouds.yaml: calls in, raw bodies or the engine's errors out
budget.py       how many calls a cloud bears, and who may make them: arithmetic
accounts.py     where that budget is kept, for all processes      gate.py who of this process may call now
paging.py       a list and the proof that it is whole
unsupported.py  inputs that the SDK knows and this engine does not offer
trees.py        one change at a time inside a load balancer
identity.py     where a resource carries the identity that its create call was given
resource.py     RestKind: check to list over a collection of a REST API; each kind states what is its own
catalogue.py    images, flavors and networks by name, for approvals
"""
