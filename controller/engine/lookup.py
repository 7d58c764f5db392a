"""What a program looks up rather than makes: the answers of providers' functions.

`preview.py` asks it and keeps the answers in the plan; `execute.py` asks again and compares. It changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.domain.errors import Refused
from controller.engine.properties import PropertyMap, PropertyValue, Secret, canonical
from controller.engine.provider import NoAnswer, Provider
from controller.engine.registration import Answer, Invocation

Answers = Mapping[str, Secret]
"""What functions answered, by token: a secret map from the hash of the arguments to the hash of the answer.

Secret, since arguments and answers may be, and a hash of something short is as good as the thing itself.
"""


@dataclass(frozen=True)
class Lookup:
    """Asks in the name of one stack, whose cloud is `cloud`. `planned` is what an approved plan rests on."""

    provider: Provider
    cloud: str
    planned: Answers = field(default_factory=dict)

    def invoke(self, invocation: Invocation) -> Answer:
        """What the function answers.

        Raises WrongUse for one that is not known, Incomplete where nobody answers, Refused where the plan rests on
        another answer; what could not be asked yet when it was made is free.
        """
        _refuse_provider(invocation)
        answer = self._asked(invocation)
        known = self.planned.get(invocation.token)
        if known is not None and known.value.get(_hash(invocation.args), _hash_of(answer)) != _hash_of(answer):
            raise _moved(invocation, "since the plan was approved")
        return answer

    def _asked(self, invocation: Invocation) -> Answer:
        try:
            cloud = self.provider.cloud(self.cloud)
            return Answer(self.provider.invoke(invocation.token, invocation.args, cloud))
        except NoAnswer as error:
            return Answer({}, error.message)


class Notebook:
    """What functions answered during one preview. Whoever shares it holds a lock."""

    def __init__(self) -> None:
        self._answers: dict[str, dict[str, str]] = {}

    def note(self, invocation: Invocation, answer: Answer) -> None:
        """Keeps an answer. Raises Refused where the same question was answered otherwise before."""
        known = self._answers.setdefault(invocation.token, {})
        if known.setdefault(_hash(invocation.args), _hash_of(answer)) != _hash_of(answer):
            raise _moved(invocation, "while the plan was made")

    @property
    def answers(self) -> Answers:
        """All of it, as a plan keeps it."""
        return {token: Secret(dict(sorted(known.items()))) for token, known in sorted(self._answers.items())}


def _refuse_provider(invocation: Invocation) -> None:
    if invocation.provider:
        raise Refused(
            "a function of an explicit provider is not supported by this engine",
            where=invocation.token,
            remedy="leave the provider out: the cloud is that of the stack",
        )


def _moved(invocation: Invocation, when: str) -> Refused:
    return Refused(
        f"the state moved {when}: the function answers otherwise now",
        where=invocation.token,
        remedy="make a new plan and have it approved",
    )


def _hash_of(answer: Answer) -> str:
    return _hash({"outputs": answer.outputs, "failure": answer.failure})


def _hash(value: PropertyValue | PropertyMap) -> str:
    return hashlib.sha256(canonical(value, b"").encode()).hexdigest()
