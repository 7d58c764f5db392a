"""The server a path names, as far as the caller may see it."""

from sandbox.cloud.compute.state import ComputeState
from sandbox.cloud.errors import NotFound
from sandbox.cloud.routing import Call
from sandbox.cloud.store import Document


def server_of(call: Call) -> Document:
    """The server under `server_id`; `NotFound` where there is none or it is another project's."""
    identifier = call.params["server_id"]
    server = call.world[ComputeState].servers.get(identifier)
    if server is None or not call.caller.owns(server):
        raise NotFound(f"Instance {identifier} could not be found.")
    return server
