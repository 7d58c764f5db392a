"""Decides, and only decides: registration + state + diff → what must be done. Makes no call; asks nobody.

`preview.py` decides with it what a plan will hold; `execute.py` decides again with real values and asks `objection`
whether the approved plan allows that. A kind's `check` and `diff` change nothing, so `assess` may use them; those of a
dynamic provider run in the program's process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from controller.domain.errors import Refused
from controller.engine import paths
from controller.engine.plan import Op, Operation, Purpose
from controller.engine.planning import imports
from controller.engine.properties import UNKNOWN, PropertyMap, PropertyValue, Secret, holds_unknown, revealed
from controller.engine.provider import Carrier, Change, Diff, Kind
from controller.engine.provider_resource import CLOUD, provider_type
from controller.engine.registration import Options, Registration
from controller.engine.state import ResourceState
from controller.engine.urn import ProviderReference, Urn

MAY_BECOME: Final[Mapping[Op, frozenset[Op]]] = {
    Op.CREATE: frozenset({Op.CREATE, Op.UPDATE, Op.REFRESH, Op.SAME}),
    Op.REPLACE: frozenset({Op.REPLACE, Op.CREATE, Op.UPDATE, Op.REFRESH, Op.SAME}),
    Op.UPDATE: frozenset({Op.UPDATE, Op.REFRESH, Op.SAME}),
    Op.IMPORT: frozenset({Op.IMPORT, Op.REFRESH, Op.SAME}),
    Op.REFRESH: frozenset({Op.REFRESH, Op.SAME}),
    Op.SAME: frozenset({Op.SAME}),
    Op.DELETE: frozenset({Op.DELETE}),
    Op.READ: frozenset({Op.READ, Op.SAME}),
}
"""What an approved operation may turn out to be when it is done: weaker, never stronger.

A planned create may find its own resource, made before a crash; a planned replace may find the old one gone already."""


NAME: Final = "name"
_ALONG: Final = frozenset({"deletedWith", "replaceWith"})
_GOING: Final = frozenset({Op.REPLACE, Op.DELETE})


@dataclass(frozen=True)
class Decision:
    """What must be done to one resource, and what differs. `recomputes`: no output of an update can be foretold."""

    op: Op
    diff: Mapping[str, Change] = field(default_factory=dict)
    delete_before_replace: bool = False
    recomputes: bool = False


@dataclass(frozen=True)
class Assessment:
    """A decision together with what it rests on: the cloud that the calls go to, and the inputs, the kind's defaults
    filled in and ignored changes put back.

    `import_id` is the id that the program imports it by, secret where that tells a secret. `fresh_name` is what the
    engine calls a new one where the program gives no name, "" where it does.
    """

    inputs: PropertyMap
    decision: Decision
    cloud: str = ""
    import_id: PropertyValue = ""
    fresh_name: str = ""

    def replacing(self, decision: Decision) -> Assessment:
        """The same with a decision that makes a new one beside the old or in its place; it is named anew."""
        inputs = {**self.inputs, NAME: self.fresh_name} if self.fresh_name else self.inputs
        return replace(self, inputs=inputs, decision=decision)


def assess(
    registration: Registration,
    prior: ResourceState | None,
    kind: Kind | None,
    *,
    cloud: str = "",
    seed: str = "",
    taken_along: Mapping[str, Change] = MappingProxyType({}),
) -> Assessment:
    """Checks the registered inputs, compares them with `prior` and decides. `kind` is None for a component.

    `seed` is what names are made from where the program gives none (`Plan.autoname_seed`), `taken_along` why others
    that are replaced take it along.

    Raises Refused where the kind refuses an input (all of them are named), where the resource is protected, and where
    another one is to be imported in its place.
    """
    found = _as_found(prior, kind) if registration.options.ignore_changes else None
    inputs = effective_inputs(registration, found)
    if kind is None:
        imports.refuse_for_component(registration)
        return Assessment(inputs, decide(registration, prior, _component_diff(inputs, prior), replace_on=frozenset()))
    fresh_name = _fresh_name(registration, prior, kind, inputs, seed)
    if fresh_name:
        inputs = {**inputs, NAME: _name_kept(prior) or fresh_name}
    checked = kind.check(inputs)
    if checked.failures:
        raise Refused(
            "; ".join(f"{failure.path}: {failure.reason}" for failure in checked.failures),
            where=registration.urn,
            remedy="correct these inputs in the program or its specification",
        )
    import_id = imports.import_id(registration.options.import_id, kind)
    imports.refuse_another(registration.urn, import_id, prior)
    compared = prior is not None and not prior.missing
    diff = kind.diff(prior.inputs, prior.observed, checked.inputs) if prior is not None and compared else None
    beyond = {**_beyond_inputs(registration, prior, cloud), **taken_along}
    decision = decide(registration, prior, diff, replace_on=kind.replace_on, beyond_inputs=beyond)
    if decision.op is Op.REPLACE:
        refuse_beside(registration, kind)
    let_be = found not in (None, prior.inputs if prior else None) or (fresh_name and _is_renamed(prior))
    if decision.op is Op.SAME and let_be:
        decision = Decision(Op.REFRESH)  # what was changed by hand is let be, and known from then on
    assessment = Assessment(checked.inputs, decision, cloud, import_id, fresh_name)
    return assessment.replacing(decision) if decision.op is Op.REPLACE else assessment


def _fresh_name(
    registration: Registration, prior: ResourceState | None, kind: Kind, inputs: PropertyMap, seed: str
) -> str:
    """The logical name and 7 hexadecimal digits, others for each generation; "" where the engine gives no name.

    What is imported has a name already.
    """
    imported = registration.options.import_id and (prior is None or prior.missing)
    if not kind.autonamed or inputs.get(NAME) is not None or imported:
        return ""
    generation = prior.generation + 1 if prior is not None else 1
    digest = hashlib.sha256("\n".join((seed, registration.urn, str(generation))).encode()).hexdigest()
    return f"{registration.name}-{digest[:7]}"


def _name_kept(prior: ResourceState | None) -> PropertyValue:
    """What it is called now, by whomever; None where it is to be made."""
    if prior is None or prior.missing:
        return None
    return prior.observed.get(NAME, prior.inputs.get(NAME))


def _is_renamed(prior: ResourceState | None) -> bool:
    """Whether somebody gave it another name by hand than the one that it was given here."""
    given = prior.inputs.get(NAME) if prior is not None else None
    return given is not None and _name_kept(prior) not in {None, given}


def cloud_of(
    registration: Registration, kind: Kind | None, settings: Callable[[str], PropertyMap], stack_cloud: str
) -> str:
    """The cloud that calls about a resource go to: its provider's, else the stack's; "" for what is on none.

    `settings` gives the inputs of the provider with a URN. Raises Refused where that is of another package.
    """
    if kind is None or not kind.service:
        return ""
    if not registration.provider:
        return stack_cloud
    return cloud_behind(registration.provider, registration.type, settings, registration.urn)


def cloud_behind(reference: str, token: str, settings: Callable[[str], PropertyMap], where: str) -> str:
    """The cloud of the explicit provider that `reference` names. Raises Refused for one of another package."""
    provider = ProviderReference.parse(reference).urn
    package = token.partition(":")[0]
    if Urn.parse(provider).type != provider_type(package):
        raise Refused(
            f"{provider} is no provider of {package}", where=where, remedy=f"give it a {package}.Provider, or none"
        )
    return str(settings(provider)[CLOUD])


def taken_along(registration: Registration, planned: Mapping[str, Operation]) -> Mapping[str, Change]:
    """Why others that are replaced take the resource along, by the option that says so."""
    options = registration.options
    named = {"deletedWith": [options.deleted_with], "replaceWith": options.replace_with}
    replaced = {
        option: [urn for urn in urns if urn in planned and planned[urn].op is Op.REPLACE]
        for option, urns in named.items()
    }
    return {option: Change(None, urns, replaces=True) for option, urns in replaced.items() if urns}


def planned_along(planned: Operation | None, prior: ResourceState | None) -> Mapping[str, Change]:
    """The same when the plan is carried out: as planned, while what the plan replaces still stands."""
    if planned is None or prior is None or planned.op is not Op.REPLACE or prior.generation != planned.generation:
        return {}
    return {option: change for option, change in planned.diff.items() if option in _ALONG}


def _beyond_inputs(registration: Registration, prior: ResourceState | None, cloud: str) -> Mapping[str, Change]:
    """What differs besides the inputs, by the option that a program names it with. It always replaces.

    A trigger that is new, or gone, replaces nothing.
    """
    if prior is None:
        return {}
    changes = {} if prior.cloud == cloud else {"provider": Change(prior.cloud, cloud, replaces=True)}
    old, new = prior.replacement_trigger, registration.options.replacement_trigger
    if old is not None and new is not None and (holds_unknown(new) or revealed(new) != revealed(old)):
        changes["replacementTrigger"] = Change(old, new, replaces=True)
    return changes


def refuse_beside(registration: Registration, kind: Kind) -> None:
    """Raises Refused where the program wants old and new beside each other, and they cannot be."""
    if registration.options.delete_before_replace is False and kind.carrier is Carrier.NATURAL:
        raise Refused(
            "old and new cannot stand beside each other: they are one and the same to the cloud",
            where=registration.urn,
            remedy="leave out delete_before_replace=False",
        )


def effective_inputs(registration: Registration, found: PropertyMap | None) -> PropertyMap:
    """The registered inputs, with what `ignoreChanges` names put back to what was `found`; None leaves them."""
    ignored = _patterns(registration.options.ignore_changes)
    return registration.inputs if found is None else paths.restored(registration.inputs, found, ignored)


def _as_found(prior: ResourceState | None, kind: Kind | None) -> PropertyMap | None:
    """The last applied inputs, as somebody changed them by hand since; None where nothing is there."""
    if prior is None or prior.missing:
        return None
    if kind is None:
        return prior.inputs
    drifted = {paths.parse(path)[0] for path in kind.diff(prior.inputs, prior.observed, prior.inputs).changes}
    return {key: prior.observed.get(key, value) if key in drifted else value for key, value in prior.inputs.items()}


def decide(
    registration: Registration,
    prior: ResourceState | None,
    diff: Diff | None,
    *,
    replace_on: Collection[str],
    beyond_inputs: Mapping[str, Change] = MappingProxyType({}),
) -> Decision:
    """What makes `prior` what the registration wants. `diff` is None where there is nothing to compare with.

    Raises Refused where that would replace a protected resource.
    """
    options = registration.options
    if prior is None or prior.missing:
        return Decision(Op.IMPORT if options.import_id else Op.CREATE)
    changes = {**_obeyed(diff or Diff(), options, replace_on), **beyond_inputs}
    if prior.broken or any(change.replaces for change in changes.values()):
        if prior.protect:
            if not options.protect and not changes:
                return Decision(Op.SAME)
            raise Refused(
                f"would be replaced because of {_replacing(changes) or prior.unsettled}, but is protected",
                where=registration.urn,
                remedy="take that change back, or take the protection off in a change of its own first",
            )
        wished = diff is not None and diff.delete_before_replace
        early = wished if options.delete_before_replace is None else options.delete_before_replace
        return Decision(Op.REPLACE, changes, delete_before_replace=early)
    if changes:
        return Decision(Op.UPDATE, changes, recomputes=diff is not None and diff.recomputes)
    return Decision(Op.REFRESH if prior.unsettled else Op.SAME)


def objection(planned: Operation | None, assessment: Assessment) -> str | None:
    """Why the approved plan does not allow what was assessed, or None where it does.

    Known inputs must be equal and unknown ones may be filled; the operation may weaken and never strengthen.
    """
    decision, inputs = assessment.decision, assessment.inputs
    if planned is None:
        return "the plan does not name it"
    if decision.op not in MAY_BECOME[planned.op]:
        return f"the plan says {planned.op}, but it would now be {decision.op}{_because(decision)}"
    if assessment.cloud != planned.cloud:
        return f"the plan has it on the cloud {planned.cloud}, but it would now be on {assessment.cloud}"
    if decision.op is Op.IMPORT and assessment.import_id != planned.import_id:
        return "it would now import another one than the plan says"
    if decision.delete_before_replace and not planned.delete_before_replace:
        return "the plan makes the new one first, but the old one would now be deleted first"
    kept = {NAME} if assessment.fresh_name and decision.op is not planned.op else set()
    differing = sorted(
        key for key in {**planned.inputs, **inputs}.keys() - kept if not fills(planned.inputs.get(key), inputs.get(key))
    )
    return f"its inputs are not those of the plan: {', '.join(differing)}" if differing else None


def fills(planned: PropertyValue, actual: PropertyValue) -> bool:
    """Whether `actual` is `planned`, with values where that was unknown."""
    if planned is UNKNOWN:
        return True
    if isinstance(planned, Secret):
        if planned.value is UNKNOWN:
            return True
        return isinstance(actual, Secret) and fills(planned.value, actual.value)
    if isinstance(planned, Mapping):
        return isinstance(actual, Mapping) and all(
            fills(planned.get(key), actual.get(key)) for key in {**planned, **actual}
        )
    if isinstance(planned, list | tuple):
        return (
            isinstance(actual, list | tuple)
            and len(planned) == len(actual)
            and all(fills(one, other) for one, other in zip(planned, actual, strict=True))
        )
    return isinstance(planned, bool) is isinstance(actual, bool) and bool(planned == actual)


def needs_decision(op: Op, *, data_bearing: bool) -> bool:
    """Whether a person must have decided about this very resource (invariant 4)."""
    return data_bearing and op in _GOING


def refuse_in_repair(purpose: Purpose, op: Op, urn: str, *, data_bearing: bool, lost: bool = False) -> None:
    """A repair restores what has no data of its own; all else of what bears data is for a person (invariants 1 and 4).

    Raises Refused where a repair would delete or replace it, or put an empty one in the place of one that is `lost`.
    """
    if purpose is not Purpose.REPAIR or not data_bearing:
        return
    if op in _GOING:
        raise Refused(
            f"a repair would {op} a resource that bears data",
            where=urn,
            remedy="a person must look at it: make a plan for a change, and decide about this resource by name",
        )
    if lost:
        raise Refused(
            "it is lost with its data; a repair does not put an empty one in its place",
            where=urn,
            remedy="a person must look at it: restore it, or make a plan for a change",
        )


def _component_diff(inputs: PropertyMap, prior: ResourceState | None) -> Diff:
    if prior is None:
        return Diff()
    keys = sorted({**prior.inputs, **inputs})
    values = {key: (prior.inputs.get(key), inputs.get(key)) for key in keys}
    return Diff({key: Change(old, new) for key, (old, new) in values.items() if not _equal(old, new)})


def _equal(old: PropertyValue, new: PropertyValue) -> bool:
    return not holds_unknown(new) and fills(new, old)


def _obeyed(diff: Diff, options: Options, replace_on: Collection[str]) -> dict[str, Change]:
    """The changes under the resource's options. An unknown value of a property that replaces counts as replace."""
    ignored, replacing = _patterns(options.ignore_changes), _patterns(options.replace_on_changes)
    changes: dict[str, Change] = {}
    for text, change in diff.changes.items():
        path = paths.parse(text)
        if any(paths.covers(pattern, path) for pattern in ignored):
            continue
        replaces = (
            change.replaces
            or any(paths.overlaps(pattern, path) for pattern in replacing)
            or (path[0] in replace_on and holds_unknown(change.new))
        )
        changes[text] = Change(change.old, change.new, replaces)
    return changes


def _patterns(texts: Sequence[str]) -> list[paths.Path]:
    return [paths.parse(text) for text in texts]


def _replacing(changes: Mapping[str, Change]) -> str:
    return ", ".join(sorted(path for path, change in changes.items() if change.replaces))


def _because(decision: Decision) -> str:
    return f" (because of {', '.join(sorted(decision.diff))})" if decision.diff else ""
