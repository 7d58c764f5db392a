"""The admin port: what a test asks of the world itself, not of the cloud. JSON over HTTP, loopback only, no token.

GET    /status                   addresses, latency, objects by kind
POST   /seed                     objects in bulk (see `bulk.seed`)
POST   /regions                  {"name": "RegionTwo"}: a region more, with services of its own
GET    /objects?kind=server      the documents of a kind, as kept; `project_id` and other fields filter
POST   /reset                    back to the moment after boot
GET    /counts   DELETE /counts  calls by service, method and project; when the first that changes something came
GET    /faults   DELETE /faults  the fault script
POST   /faults                   add rules (one, or a list): see `sandbox.cloud.faults`
POST   /latency                  {"latency": "zero" | "realistic" | "held"}
"""

from sandbox.cloud.admin.port import Admin

__all__ = ["Admin"]
