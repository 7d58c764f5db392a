"""What a program looks up rather than makes: functions of providers, resources that exist, outputs of other stacks.

`preview.py` asks it and keeps the answers in the plan; `execute.py` asks again and compares. It changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from controller.domain.errors import Refused
from controller.engine.properties import PropertyMap, PropertyValue, Secret, canonical
from controller.engine.provider import Fields, NoAnswer, Observation, Provider
from controller.engine.registration import Answer, Invocation, Registration
from controller.engine.state import Holding

Answers = Mapping[str, Secret]
"""What functions answered, by token: a secret map from the hash of the arguments to the hash of the answer.

Secret, since arguments and answers may be, and a hash of something short is as good as the thing itself.
"""


STACK_REFERENCE: Final = "pulumi:pulumi:StackReference"
EXISTENCE: Final = "/exists"
"""What follows a type in the token of a function that says whether an `id` of it exists."""


@dataclass(frozen=True)
class StackOutputs:
    """Another stack's outputs, its secrets as such; `version` tells them apart without telling them."""

    outputs: PropertyMap
    version: str

    @property
    def fields(self) -> Fields:
        """What an observation of them is compared by."""
        return {"outputs": self.version}


class OtherStacks(Protocol):
    """What a program may know of stacks besides its own. `urn` is that of the resource that asks."""

    def outputs(self, name: str, urn: str) -> StackOutputs:
        """Those of the stack that the program calls `name`. Raises Refused where there is none (any more)."""
        ...

    def refuse_held(self, holding: Holding, urn: str) -> None:
        """Raises Refused where one of them holds what is to be imported."""
        ...


class NoOtherStacks:
    """Where there is one stack alone."""

    def outputs(self, name: str, urn: str) -> StackOutputs:
        raise no_stack(name, urn)

    def refuse_held(self, holding: Holding, urn: str) -> None:
        """None holds anything."""


def no_stack(name: str, urn: str) -> Refused:
    """What a reference to a stack that never was is told."""
    return Refused(f"there is no stack {name}", where=urn, remedy="`yunguan stack list` names those there are")


@dataclass(frozen=True)
class Lookup:
    """Asks in the name of one stack, whose cloud is `cloud`. `planned` is what an approved plan rests on."""

    provider: Provider
    cloud: str
    stacks: OtherStacks = field(default_factory=NoOtherStacks)
    planned: Answers = field(default_factory=dict)

    def read(self, registration: Registration, id: str, cloud: str) -> Observation:
        """What exists under `id` on `cloud`. Raises Refused where nothing does, Incomplete where nobody answers."""
        if registration.type == STACK_REFERENCE:
            return self._other_stack(registration, id)
        observation = self._read(registration.type, id, registration.inputs, cloud, registration.urn)
        if observation is None:
            raise Refused(
                f"there is no {registration.type} with the id {id}", where=registration.urn, remedy="correct the id"
            )
        return observation

    def _read(self, type_: str, id: str, inputs: PropertyMap, cloud: str, where: str) -> Observation | None:
        kind = self.provider.kind(type_)
        if not kind.service:
            raise Refused(
                f"a {type_} lies nowhere but in the state of its stack, so it cannot be read",
                where=where,
                remedy="export it as an output there, and refer to that stack",
            )
        return kind.read(self.provider.cloud(cloud), id, inputs)

    def _other_stack(self, registration: Registration, name: str) -> Observation:
        found = self.stacks.outputs(name, registration.urn)
        secret = sorted(key for key, value in found.outputs.items() if isinstance(value, Secret))
        outputs = {"name": name, "outputs": dict(found.outputs), "secretOutputNames": secret}
        return Observation(name, found.fields, outputs)

    def invoke(self, invocation: Invocation, cloud: str) -> Answer:
        """What the function answers on `cloud`.

        Raises WrongUse for one that is not known, Incomplete where nobody answers, Refused where the plan rests on
        another answer; what could not be asked yet when it was made is free.
        """
        answer = self._asked(invocation, cloud)
        known = self.planned.get(invocation.token)
        if known is not None and known.value.get(_question(invocation, cloud), _hash_of(answer)) != _hash_of(answer):
            raise _moved(invocation, "since the plan was approved")
        return answer

    def _asked(self, invocation: Invocation, cloud: str) -> Answer:
        token, args = invocation.token, invocation.args
        if token.endswith(EXISTENCE):
            found = self._read(token.removesuffix(EXISTENCE), args["id"], args["inputs"], cloud, token)
            return Answer({"exists": found is not None})
        try:
            return Answer(self.provider.invoke(token, args, self.provider.cloud(cloud)))
        except NoAnswer as error:
            return Answer({}, error.message)


class Notebook:
    """What functions answered during one preview. Whoever shares it holds a lock."""

    def __init__(self) -> None:
        self._answers: dict[str, dict[str, str]] = {}

    def note(self, invocation: Invocation, cloud: str, answer: Answer) -> None:
        """Keeps an answer. Raises Refused where the same question was answered otherwise before."""
        known = self._answers.setdefault(invocation.token, {})
        if known.setdefault(_question(invocation, cloud), _hash_of(answer)) != _hash_of(answer):
            raise _moved(invocation, "while the plan was made")

    @property
    def answers(self) -> Answers:
        """All of it, as a plan keeps it."""
        return {token: Secret(dict(sorted(known.items()))) for token, known in sorted(self._answers.items())}


def _moved(invocation: Invocation, when: str) -> Refused:
    return Refused(
        f"the state moved {when}: the function answers otherwise now",
        where=invocation.token,
        remedy="make a new plan and have it approved",
    )


def _question(invocation: Invocation, cloud: str) -> str:
    return _hash({"args": invocation.args, "cloud": cloud})


def _hash_of(answer: Answer) -> str:
    return _hash({"outputs": answer.outputs, "failure": answer.failure})


def _hash(value: PropertyValue | PropertyMap) -> str:
    return hashlib.sha256(canonical(value, b"").encode()).hexdigest()
