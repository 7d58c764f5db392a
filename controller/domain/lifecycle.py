"""The stage machine of cases: a procedure from a city's file, a standing and an attempt become a step or a refusal.

It knows no city: stages, actions, roles, documents and days all come from the `Procedure`. `casework.steps` calls
`advance` inside the transaction that writes the step down; `controller.catalogue` reads procedures, checked here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from controller.domain.errors import Refused, WrongUse
from controller.domain.roles import Role


class Effect(StrEnum):
    """What an action sets going beyond the case itself; `casework` has one function for each."""

    SPECIFY_TRIAL = "specify_trial"
    SPECIFY_SERVICE = "specify_service"
    SPECIFY_CHANGE = "specify_change"
    RESTORE = "restore"
    STOP_TRIAL = "stop_trial"
    START_TRIAL = "start_trial"
    RECLAIM = "reclaim"
    RELEASE = "release"
    CONFIRM_OPENING = "confirm_opening"
    CONFIRM_CHANGE = "confirm_change"
    CONFIRM_RESTORED = "confirm_restored"
    CONFIRM_END = "confirm_end"


class _Definition(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Document(_Definition):
    """A document that must lie in the case file, where the declared facts are as `when` says."""

    code: str
    title: str
    rule: str
    when: dict[str, tuple[str, ...]] = Field(default={}, description="Fact → values for which the document is asked")
    exception: bool = Field(default=False, description="原则上: a recorded, reasoned exception replaces it")

    def is_asked(self, facts: Mapping[str, str]) -> bool:
        """Whether the document is asked of a case with these facts."""
        return all(facts.get(fact) in values for fact, values in self.when.items())

    @property
    def wanted(self) -> str:
        """What to hand in, for the person who did not."""
        return f"{self.title}（材料 {self.code}，{self.rule}）"


class Declaration(_Definition):
    """A fact that must have been declared, with one of the values `must_be`."""

    fact: str
    must_be: tuple[str, ...] = Field(min_length=1)
    title: str
    rule: str
    exception: bool = False

    @property
    def wanted(self) -> str:
        """What to declare, for the person who did not."""
        return f"{self.title}（声明 {self.fact}={'|'.join(self.must_be)}，{self.rule}）"


class Action(_Definition):
    """What a party may do in a stage. Exactly one of: moves `to` a stage, `pauses` the case, `resumes` it."""

    name: str
    title: str
    roles: tuple[Role, ...] = Field(min_length=1)
    to: str | None = None
    pauses: bool = False
    resumes: bool = False
    while_paused: bool = Field(default=False, description="May be done also while the case waits for correction")
    jointly: bool = Field(default=False, description="Done only once each of the roles has done it")
    reason: bool = Field(default=False, description="A written reason is asked for")
    declarations: tuple[Declaration, ...] = ()
    documents: tuple[Document, ...] = ()
    effect: Effect | None = None

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        if sum((self.to is not None, self.pauses, self.resumes)) != 1:
            raise ValueError(f"action {self.name} must either move to a stage, pause or resume")
        return self


class Clock(_Definition):
    """Working days that `role` has from the day on which the stage is entered."""

    working_days: int = Field(gt=0)
    role: Role
    rule: str


class Duration(_Definition):
    """A stage that ends by itself: after natural days chosen within bounds the controller does the action `then`."""

    min_days: int = Field(gt=0)
    max_days: int = Field(gt=0)
    then: str
    rule: str
    exception: bool = Field(default=False, description="原则上: a recorded exception lets the days leave the bounds")

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Self:
        if self.min_days > self.max_days:
            raise ValueError("min_days is greater than max_days")
        return self


class Stage(_Definition):
    """Where a case can stand, and what may be done there. A stage without actions is an end."""

    name: str
    title: str
    rule: str
    actions: tuple[Action, ...] = ()
    clock: Clock | None = None
    lasts: Duration | None = None

    @property
    def is_final(self) -> bool:
        """Whether a case that stands here is closed."""
        return not self.actions

    def action(self, name: str) -> Action | None:
        """The action of that name, if this stage has it."""
        return next((action for action in self.actions if action.name == name), None)


class Procedure(_Definition):
    """All stages of one kind of case; a case starts in the first."""

    name: str
    title: str
    rule: str
    stages: tuple[Stage, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_connected(self) -> Self:
        names = [stage.name for stage in self.stages]
        if len(set(names)) != len(names):
            raise ValueError(f"procedure {self.name}: a stage stands twice")
        for stage in self.stages:
            for action in stage.actions:
                if action.to is not None and action.to not in names:
                    raise ValueError(f"procedure {self.name}: {stage.name}.{action.name} leads nowhere: {action.to}")
            if stage.lasts is not None and stage.action(stage.lasts.then) is None:
                raise ValueError(f"procedure {self.name}: {stage.name} ends with an unknown action: {stage.lasts.then}")
        return self

    @property
    def start(self) -> str:
        """The stage in which a case of this kind begins."""
        return self.stages[0].name

    @property
    def documents(self) -> dict[str, str]:
        """Every document that some action asks for: code → title."""
        actions = (action for stage in self.stages for action in stage.actions)
        return {document.code: document.title for action in actions for document in action.documents}

    def stage(self, name: str) -> Stage:
        """The stage of that name. Raises WrongUse, naming those there are."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        known = "、".join(stage.name for stage in self.stages)
        raise WrongUse(f"“{self.title}”没有环节 {name}", remedy=f"可用环节：{known}")


@dataclass(frozen=True)
class Standing:
    """Where a case stands: `paused` while it waits for the other side, `given` by whom its joint action was done."""

    stage: str
    paused: bool = False
    given: frozenset[Role] = frozenset()


@dataclass(frozen=True)
class Attempt:
    """Someone wants to do something: with which roles, what lies in the file, what was declared and excepted."""

    action: str
    roles: frozenset[Role]
    facts: Mapping[str, str] = field(default_factory=dict)
    documents: frozenset[str] = frozenset()
    exceptions: frozenset[str] = frozenset()
    days: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Step:
    """An attempt that holds.

    `completed` is false while a joint action still waits for a party; `days` is how long the entered stage lasts.
    """

    action: Action
    role: Role
    before: Standing
    after: Standing
    completed: bool
    days: int | None = None

    @property
    def enters(self) -> bool:
        """Whether another stage begins with this step."""
        return self.completed and self.after.stage != self.before.stage


def advance(procedure: Procedure, standing: Standing, attempt: Attempt) -> Step:
    """The step that `attempt` makes from `standing`. Raises Refused with all that is in its way, naming the rules."""
    stage = procedure.stage(standing.stage)
    action = _offered(procedure, standing, attempt.action)
    given_before = standing.given if action.jointly else frozenset[Role]()
    role = _entitled(stage, given_before, action, attempt.roles)
    given = given_before | {role}
    completed = not action.jointly or given >= set(action.roles)
    _check_conditions(stage, action, attempt)
    if not completed:
        return Step(action, role, standing, Standing(standing.stage, standing.paused, given), completed=False)
    after = Standing(action.to or standing.stage, paused=action.pauses)
    entered = procedure.stage(after.stage)
    days = _days(entered, attempt) if entered.lasts is not None and after.stage != standing.stage else None
    return Step(action, role, standing, after, completed=True, days=days)


def offered(procedure: Procedure, standing: Standing) -> tuple[Action, ...]:
    """What can be done from here, whoever does it."""
    actions = procedure.stage(standing.stage).actions
    if standing.paused:
        return tuple(action for action in actions if action.resumes or action.while_paused)
    return tuple(action for action in actions if not action.resumes)


def _offered(procedure: Procedure, standing: Standing, name: str) -> Action:
    stage = procedure.stage(standing.stage)
    action = stage.action(name)
    if action is None:
        steps = [one for one in offered(procedure, standing) if one.roles != (Role.CONTROLLER,)]
        possible = "、".join(f"{one.title}（{one.name}）" for one in steps) or (
            "无，由系统自动办理" if stage.actions else "无，案件已办结"
        )
        raise Refused(f"“{stage.title}”环节不能办理 {name}", remedy=f"此环节可办理：{possible}", rule=stage.rule)
    if standing.paused and not (action.resumes or action.while_paused):
        raise Refused(f"案件已退回，等待补正，不能办理“{action.title}”", remedy="请先重新提交", rule=stage.rule)
    if action.resumes and not standing.paused:
        raise Refused("案件没有被退回，无需重新提交", rule=stage.rule)
    return action


def _entitled(stage: Stage, given: frozenset[Role], action: Action, roles: frozenset[Role]) -> Role:
    held = [role for role in action.roles if role in roles]
    for role in held:
        if role not in given:
            return role
    if held:
        raise Refused(f"您已办理过“{action.title}”，正等待另一方办理", rule=stage.rule)
    allowed = "、".join(role.value for role in action.roles)
    raise Refused(f"您的角色不能办理“{action.title}”", remedy=f"应由以下角色办理：{allowed}", rule=stage.rule)


def lacking(
    action: Action, facts: Mapping[str, str], documents: frozenset[str], exceptions: frozenset[str]
) -> tuple[Declaration | Document, ...]:
    """What `action` still asks for: declarations, then documents, without those that an exception stands for."""
    asked: list[Declaration | Document] = [one for one in action.declarations if facts.get(one.fact) not in one.must_be]
    asked += [one for one in action.documents if one.is_asked(facts) and one.code not in documents]
    return tuple(one for one in asked if not (one.exception and one.rule in exceptions))


def _check_conditions(stage: Stage, action: Action, attempt: Attempt) -> None:
    missing = lacking(action, attempt.facts, attempt.documents, attempt.exceptions)
    wanted = [one.wanted for one in missing]
    if action.reason and not attempt.reason.strip():
        wanted.append("书面理由")
    if wanted:
        rule = missing[0].rule if missing else stage.rule
        raise Refused(f"办理“{action.title}”的条件不齐", remedy="请补齐：" + "；".join(wanted), rule=rule)


def _days(stage: Stage, attempt: Attempt) -> int:
    lasts = stage.lasts
    if lasts is None:
        raise ValueError(f"stage {stage.name} has no end of its own")
    days = lasts.max_days if attempt.days is None else attempt.days
    excepted = lasts.exception and lasts.rule in attempt.exceptions
    if days < 1 or (not lasts.min_days <= days <= lasts.max_days and not excepted):
        remedy = "请改用范围内的天数" + ("，或由有权角色先记录例外及理由" if lasts.exception else "")
        bounds = f"{lasts.min_days} 至 {lasts.max_days} 个自然日"
        raise Refused(f"“{stage.title}”应为 {bounds}，不能是 {days} 日", remedy=remedy, rule=lasts.rule)
    return days
