"""What is replaced because the old one of something that it hangs on goes before the new one comes.

Pure; called by `preview.py`. A value that comes from such a resource is not there for a while, and may be another one
afterwards: where it stands in a property that cannot be changed in place, or that keeps what it names from going, the
dependent goes, too, and comes anew.
"""

from __future__ import annotations

from collections.abc import Collection

from controller.domain.errors import Refused
from controller.engine import paths
from controller.engine.plan import Op
from controller.engine.planning.planner import Assessment, Decision
from controller.engine.provider import Change, Kind
from controller.engine.registration import Registration
from controller.engine.state import ResourceState


def carried_along(
    registration: Registration,
    prior: ResourceState | None,
    kind: Kind,
    assessment: Assessment,
    going_first: Collection[str],
) -> Assessment:
    """`assessment`, as a replace that deletes first where such a property comes from one of `going_first`.

    Raises Refused where `prior` is protected.
    """
    decision = assessment.decision
    if prior is None or prior.missing or decision.op not in {Op.SAME, Op.REFRESH, Op.UPDATE, Op.REPLACE}:
        return assessment
    replacing = {paths.parse(path)[0] for path, change in decision.diff.items() if change.replaces}
    because = [
        name
        for name, urns in registration.property_dependencies.items()
        if name in kind.replace_on | kind.keeps | replacing
        and set(going_first) & set(urns) & set(prior.property_dependencies.get(name, ()))
    ]
    if not because:
        return assessment
    if prior.protect:
        raise Refused(
            f"would be replaced, because what its {', '.join(sorted(because))} comes from goes first, but is protected",
            where=registration.urn,
            remedy="take that change back, or take the protection off in a change of its own first",
        )
    forced = {
        name: Change(prior.inputs.get(name), assessment.inputs.get(name), replaces=True)
        for name in because
        if name not in replacing
    }
    return assessment.replacing(Decision(Op.REPLACE, {**decision.diff, **forced}, delete_before_replace=True))
