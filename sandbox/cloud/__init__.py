"""The simulated cloud: OpenStack's HTTP API over dictionaries in memory, one process, one port for all services.

A request travels: `server` (one listener) → `faults` (the script set on the admin port) → `routing` (service by the
first path segment, handler by method and pattern) → a handler in the service's package → `Reply`, or the service's
error dialect where it raised an `ApiError` → JSON.

Adding a service is a package with
- a state class (a dataclass of `Collection`s, made with no arguments, picklable: `reset` restores it from a pickle),
- handlers registered on a `Router` (`@routes.get("/v3/volumes/{volume_id}")`), each a plain function from `Call` to a
  dictionary, to nothing, or to a `Reply`,
- a `Service` value that names them (see `service.Service`) and one line in `services.SERVICES`.

A handler reads its state by type: `call.world[ComputeState].servers`. States that pass by themselves go through
`call.world.transitions`.
"""
