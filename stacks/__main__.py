"""Entry of the Pulumi project: run by the engine's runner, or by `pulumi preview` where the CLI exists.

Configuration: `yunguan:spec`, JSON of a SystemSpec; for the default provider `openstack:cloud`, its
`placement.cloud`.
"""

from stacks.system import program

program()
