"""A program reads what exists (`Network.get("n", id)`, a stack reference): what a plan says of it, and its row.

Pure. Such a resource is nobody's here: its row is external, and is never updated or deleted, only forgotten.
"""

from __future__ import annotations

from collections.abc import Callable

from controller.domain.errors import Refused
from controller.engine.lookup import STACK_REFERENCE
from controller.engine.plan import Op, Operation
from controller.engine.planning import planner
from controller.engine.planning.planner import fills
from controller.engine.properties import PropertyMap, PropertyValue
from controller.engine.provider import Observation, Provider
from controller.engine.registration import Invocation, Registration
from controller.engine.state import ResourceState


def inputs_of(registration: Registration, id: PropertyValue) -> PropertyMap:
    """What it is read by, as plan and state keep it."""
    return {**registration.inputs, "id": id}


def cloud_of(
    registration: Registration, provider: Provider, settings: Callable[[str], PropertyMap], stack_cloud: str
) -> str:
    """The cloud on which a resource is read; "" for another stack's outputs, which lie on none."""
    if registration.type == STACK_REFERENCE:
        return ""
    return planner.cloud_of(registration, provider.kind(registration.type), settings, stack_cloud)


def cloud_of_call(invocation: Invocation, settings: Callable[[str], PropertyMap], stack_cloud: str) -> str:
    """The cloud on which a function is asked: its provider's, else the stack's."""
    if not invocation.provider:
        return stack_cloud
    return planner.cloud_behind(invocation.provider, invocation.token, settings, invocation.token)


def refuse_managed(urn: str, prior: ResourceState | None) -> None:
    """Raises Refused where the stack has made, or adopted, what is now only to be read."""
    if prior is not None and not prior.external:
        raise Refused(
            "it belongs to this stack, and reading it instead is not supported by this engine",
            where=urn,
            remedy="read it under another name, and take this one out with retainOnDelete",
        )


def operation_of(
    registration: Registration, id: PropertyValue, seen: Observation | None, prior: ResourceState | None, cloud: str
) -> Operation:
    """What a plan says of it: `read`, or `same` where it is as it was read before. `seen` is None for an unknown id."""
    inputs = inputs_of(registration, id)
    version = seen.version if seen is not None else ""
    known = prior is not None and prior.version == version and fills(inputs, prior.inputs) and prior.cloud == cloud
    return Operation(
        urn=registration.urn,
        type=registration.type,
        op=Op.SAME if known else Op.READ,
        inputs=inputs,
        parent=registration.parent,
        cloud=cloud,
        generation=prior.generation if prior is not None else 0,
        observed_version=version,
    )


def objection(planned: Operation | None, actual: Operation) -> str | None:
    """Why the approved plan does not allow to go on with what is read now, or None where it does."""
    if planned is None or planned.op not in {Op.READ, Op.SAME}:
        return "the plan does not read it"
    if not fills(planned.inputs, actual.inputs) or planned.cloud != actual.cloud:
        return "the plan reads another one"
    if planned.observed_version not in {"", actual.observed_version}:
        return "it is not as it was when the plan was made"
    return None


def row_of(
    registration: Registration, operation: Operation, seen: Observation, *, generation: int, position: int
) -> ResourceState:
    """The external row of what was read."""
    return ResourceState(
        urn=registration.urn,
        generation=generation,
        type=registration.type,
        custom=True,
        external=True,
        id=seen.id,
        parent=registration.parent,
        inputs=operation.inputs,
        outputs=registration.with_secrets(seen.outputs),
        observed=seen.fields,
        dependencies=tuple(sorted(registration.dependencies)),
        provider=registration.provider,
        cloud=operation.cloud,
        position=position,
        secret_outputs=tuple(sorted(registration.options.additional_secret_outputs)),
    )
