"""Resolves intents whose reply was lost, by asking the cloud: what did the call do? It never creates to find out.

Called by `execute.py` within a run and before it goes on after a crash, and by the reconciler for a stack with open
intents. Nothing is changed in the cloud here; what is left to do is found by comparing the state anew.

    create   found by its identity → adopted; not in a complete list, begun when that is conclusive → absent;
             of a kind that nobody can be asked about → stays open until a person says (`testify`)
    update   read → state shows what is there, as asked or when that is conclusive, and is compared anew
    delete   read → gone, or still there when that is conclusive, and is deleted anew

A list that shows none of what answers to a read of its own proves nothing. Moments are those of the database server.
An intent that this stack cannot have announced concludes nothing: it stays open, and a person is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from controller.domain.errors import Failed, Refused, Unknown, WrongUse
from controller.engine.applying import fence
from controller.engine.applying.journal import Ending, Intent, Journal
from controller.engine.applying.means import Means
from controller.engine.applying.rows import Rows, gone, really_there, seen, taking_over
from controller.engine.identity import identity_of
from controller.engine.plan import Op
from controller.engine.provider import Carrier, Kind, Observation, Scope
from controller.engine.state import ResourceState

_Answer = TypeVar("_Answer")

WITNESSES = 20
"""How many resources that are known to stand there a list is measured by."""

ADOPTED = "found again after a lost reply; not yet seen in its promised state"


class Untold(Refused):
    """A create whose reply was lost, of a kind that nobody can be asked about: a person must say what came of it."""

    def __init__(self, urn: str) -> None:
        super().__init__(
            "the reply to its create was lost, and its provider cannot be asked whether it was made",
            where=urn,
            remedy="look for it by hand, then say what you found: yunguan program resolve DIR --stack NAME "
            "--urn URN --made ID, or --not-made",
        )


class Forged(Refused):
    """An intent that somebody else wrote into the stack's journal, or changed there: nothing follows from it."""

    def __init__(self, intent: Intent) -> None:
        super().__init__(
            f"intent {intent.id} of the journal, to {intent.op} it, is not what this stack announced",
            where=intent.target.urn,
            remedy="find out who changed it in the database, and put back what was there (docs/operating.md)",
        )


class LookAgain(Unknown):
    """Nothing can be concluded before `at`: take the stack up again then."""

    def __init__(self, message: str, *, at: datetime, where: str) -> None:
        super().__init__(message, where=where)
        self.at = at


@dataclass(frozen=True)
class Recovery:
    """What a recovery came to: how many intents it closed, and when to look again at the rest (None: there is none),
    with the reason.
    """

    closed: int
    look_again_at: datetime | None
    reason: str = ""


def recover(means: Means, stack_id: int) -> Recovery:
    """Claims the stack and resolves its open intents. Raises StaleFence where somebody else claims it meanwhile."""
    with means.sessions.begin() as session:
        held = fence.claim(session, stack_id)
    resolver = Resolver(means, Journal(means.sessions, means.vault, held, means.progress))
    return resolver.resolve_open()


def testify(means: Means, stack_id: int, urn: str, *, id: str, by: str) -> None:
    """The word of the person `by` on the lost create of `urn`: it made what has `id`, or nothing where that is "".

    Raises Refused, and leaves no trace of the word, where none is needed, or the provider knows nothing of the id.
    """
    with means.sessions.begin() as session:
        held = fence.claim(session, stack_id)
        resolver = Resolver(means, Journal(means.sessions, means.vault, held, means.progress))
        intent = resolver.waiting_for_word(urn)  # what is raised here undoes the claim
    resolver.testify(intent, id, by)


class Resolver:
    """Resolves lost intents of one stack under one claim; what it finds it writes through the journal into `rows`."""

    def __init__(self, means: Means, journal: Journal, rows: Rows | None = None) -> None:
        self._means = means
        self._journal = journal
        self._rows = rows if rows is not None else Rows(journal.state())
        self._clock = means.clock

    def resolve_open(self) -> Recovery:
        """Resolves what a dead worker left open. Its last call may have been sent just before this claim was made.

        Raises Refused or WrongUse, once all else is resolved, for what only a person can tell or set right.
        """
        closed, later = 0, list[LookAgain]()
        refused: Refused | WrongUse | None = None
        for intent in self._journal.open_intents():
            try:
                self._refuse_forged(intent)
                self._resolve(self._lost(intent, still_underway=self._means.request_timeout))
                closed += 1
            except LookAgain as error:
                later.append(error)
            except (Refused, WrongUse) as error:
                refused = error
        if refused is not None:
            raise refused
        first = min(later, key=lambda error: error.at, default=None)
        return Recovery(closed, first.at, str(first)) if first is not None else Recovery(closed, None)

    def resolve_lost(self, intent: Intent) -> None:
        """Resolves an intent whose call just came back without an answer. Raises LookAgain, Refused."""
        self._resolve(self._lost(intent, still_underway=0.0))

    def _lost(self, intent: Intent, *, still_underway: float) -> Intent:
        """`intent` with the moment from which its call is over; that may be underway for so many seconds more.

        Where no cloud is acted on, nothing shows up later.
        """
        kind, cloud = self._means.provider.kind(intent.target.type), intent.target.cloud
        wait = still_underway + self._means.provider.settle_seconds(cloud) if kind.service else 0.0
        return self._journal.lose(intent, self._now() + timedelta(seconds=wait))

    def _refuse_forged(self, intent: Intent) -> None:
        """Raises Forged where a create has not the identity of its stack, URN and generation, or the stack's row does
        not hold what an update or delete is about.
        """
        target = intent.target
        if intent.op is Op.CREATE:
            is_ours = target.identity == identity_of(self._journal.held.stack, target.urn, target.generation)
        else:
            row = self._rows.of(target)
            is_ours = row is not None and row.holding == target.holding
        if not is_ours:
            raise Forged(intent)

    def waiting_for_word(self, urn: str) -> Intent:
        """The open create of `urn` that only a person can tell about. Raises Refused where there is none."""
        open_of_it = (one for one in self._journal.open_intents() if one.target.urn == urn and one.op is Op.CREATE)
        intent = next(open_of_it, None)
        if intent is None or self._means.provider.kind(intent.target.type).carrier is not Carrier.NONE:
            raise Refused("no create of it waits for a person's word", where=urn, remedy="look at yunguan stack show")
        self._refuse_forged(intent)
        return intent

    def testify(self, intent: Intent, id: str, by: str) -> None:
        """Takes a person's word, as the function of this name says."""
        urn = intent.target.urn
        if not id:
            self._journal.close(intent, Ending.ABSENT, testimony_of=by)
            return
        observation = self._means.provider.kind(intent.target.type).read(None, id, intent.target.inputs)
        if observation is None:
            raise Refused(f"its provider knows nothing of {id}", where=urn, remedy="give the id that it was made with")
        saves, removes = taking_over(seen(intent.target, observation), self._rows.live(urn))
        self._journal.close(intent, Ending.ADOPTED, saves=saves, removes=removes, testimony_of=by)

    def _resolve(self, intent: Intent) -> None:
        if intent.op is Op.CREATE:
            self._resolve_create(intent)
        elif intent.op is Op.UPDATE:
            self._resolve_update(intent)
        else:
            self._resolve_delete(intent)

    def _resolve_create(self, intent: Intent) -> None:
        """Found → adopted, unless another stack holds it. Absence counts only from a list that was begun when it is
        conclusive.
        """
        kind, target = self._means.provider.kind(intent.target.type), intent.target
        if kind.carrier is Carrier.NONE:
            raise Untold(target.urn)
        cloud = self._means.connection(target, kind)

        def find() -> Sequence[Observation]:
            return kind.find(cloud, target.identity, target.inputs)

        found = self._conclude(intent, find, bool)
        if not found and (known := self._witnesses(target, kind)):
            self._refuse_blind(intent, kind, cloud, known)
            found = self._ask(intent, find)  # lists may see again only since
        if not found:
            self._close(intent, Ending.ABSENT)
            return
        first, *doubles = sorted(found, key=lambda one: (str(one.outputs.get("createdAt", "")), one.id))
        saves, removes = taking_over(replace(seen(target, first), unsettled=ADOPTED), self._rows.live(target.urn))
        adopted = [*saves, *self._duplicates(target, doubles)]
        self._close(intent, Ending.ADOPTED, saves=adopted, removes=removes, claims=adopted)

    def _witnesses(self, target: ResourceState, kind: Kind) -> Mapping[str, ResourceState]:
        """What else of its kind is known to be there, by id. A natural key is asked for itself, and needs no list."""
        if kind.carrier is Carrier.NATURAL:
            return {}
        return {one.id: one for one in self._journal.standing(target, WITNESSES)}

    def _refuse_blind(self, intent: Intent, kind: Kind, cloud: Any, known: Mapping[str, ResourceState]) -> None:
        """Raises LookAgain where a list shows none of `known`, but a read one: it would not show this, either."""
        scope = Scope(self._means.provider.project(intent.target.cloud))

        def shows_any() -> bool:
            return any(item.id in known for page in kind.list(cloud, scope) for item in page.items)

        def reads_any() -> bool:
            return any(kind.read(cloud, one.id, one.inputs) is not None for one in known.values())

        if not self._ask(intent, shows_any) and self._ask(intent, reads_any):
            raise LookAgain(
                f"the list that lacks it shows none of the {len(known)} of its kind that are known to be there, either",
                at=self._now() + timedelta(seconds=self._means.retry_seconds),
                where=intent.target.urn,
            )

    def _duplicates(self, target: ResourceState, doubles: Sequence[Observation]) -> list[ResourceState]:
        """Rows that wait for removal, one for each duplicate: the end of the run removes them as any other."""
        generations = self._journal.fresh_generations(target.urn, len(doubles)) if doubles else ()
        return [
            replace(seen(target, double), generation=generation, pending_delete=True)
            for double, generation in zip(doubles, generations, strict=True)
        ]

    def _resolve_update(self, intent: Intent) -> None:
        """What is there now stands in the state with the inputs that it has, so that the rest shows as a difference.

        Where that is not yet as asked, the call may be underway.
        """
        prior, asked = self._rows.live(intent.target.urn), intent.target
        kind = self._means.provider.kind(asked.type, asked)

        def tells_all(seen: Observation | None) -> bool:
            return prior is None or seen is None or not kind.diff(prior.inputs, seen.fields, asked.inputs).changes

        observation = self._conclude(intent, lambda: self._read(intent), tells_all)
        if prior is None or observation is None:
            self._close(intent, Ending.SUPERSEDED)
        else:
            left = replace(prior, inputs=really_there(kind, prior.inputs, asked.inputs, observation.fields))
            self._close(intent, Ending.SUPERSEDED, saves=[replace(seen(left, observation), unsettled=ADOPTED)])

    def _resolve_delete(self, intent: Intent) -> None:
        """Still there may mean that it is underway: only what is there when it is over is deleted anew."""
        if self._conclude(intent, lambda: self._read(intent), lambda seen: seen is None) is not None:
            self._close(intent, Ending.SUPERSEDED)
            return
        saves, removes = gone(intent.target)
        self._close(intent, Ending.DONE, saves=saves, removes=removes)

    def _read(self, intent: Intent) -> Observation | None:
        kind, target = self._means.provider.kind(intent.target.type, intent.target), intent.target
        return kind.read(self._means.connection(target, kind), target.id, target.inputs)

    def _conclude(
        self, intent: Intent, question: Callable[[], _Answer], tells_all: Callable[[_Answer], bool]
    ) -> _Answer:
        """The answer at once where it `tells_all`, else that to a question which was asked when the call is over."""
        begun = self._now()
        answer = self._ask(intent, question)
        if intent.conclusive_at is None or begun >= intent.conclusive_at or tells_all(answer):
            return answer
        self._wait_until(intent.conclusive_at, intent.target.urn)
        return self._ask(intent, question)

    def _close(
        self,
        intent: Intent,
        ending: Ending,
        saves: Sequence[ResourceState] = (),
        removes: Sequence[ResourceState] = (),
        claims: Sequence[ResourceState] = (),
    ) -> None:
        self._journal.close(intent, ending, saves=saves, removes=removes, claims=claims)
        self._rows.apply(saves, removes)

    def _ask(self, intent: Intent, question: Callable[[], _Answer]) -> _Answer:
        """The answer; where the cloud does not give one, it is asked again while patience lasts, unless told to end."""
        until = self._clock.now() + timedelta(seconds=self._means.patience)
        pause = 0.05
        while True:
            try:
                return question()
            except (Unknown, Failed) as error:
                if self._means.stopping.is_set() or self._clock.now() + timedelta(seconds=pause) > until:
                    at = self._now() + timedelta(seconds=self._means.retry_seconds)
                    reason = f"the cloud does not tell: {error.message}"
                    raise LookAgain(reason, at=at, where=intent.target.urn) from error
                self._clock.sleep(pause, unless=self._means.stopping)
                pause *= 2

    def _wait_until(self, moment: datetime, urn: str) -> None:
        """A short wait is waited here; a long one, or what the process has no time for, is the caller's: LookAgain."""
        rest = (moment - self._now()).total_seconds()
        if rest <= self._means.patience:
            self._clock.sleep(max(rest, 0), unless=self._means.stopping)
        if rest > self._means.patience or self._means.stopping.is_set():
            raise LookAgain("what a call with a lost reply did may still show up", at=moment, where=urn)

    def _now(self) -> datetime:
        with self._means.sessions() as session:
            return self._clock.shared(session)
