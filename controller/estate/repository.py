"""The estate's git repository: files put and removed on branches, branches merged, files and their history read.

`forge/local.py` decides what a proposal and an approval are; this module knows only git. Writers of any process stand
in line on a file lock; whoever writes past it (a person with git) is noticed by compare-and-swap on the branch, and
the merge is then computed again.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pygit2

from controller.domain.errors import Failed, Refused, WrongUse
from controller.domain.spec import SystemSpec
from controller.estate.document import SCHEMA_PATH, parse, path_of, stack_of
from controller.estate.schema import spec_schema

MAIN = "refs/heads/main"
_BRANCHES = "refs/heads/"
_SHANGHAI_MINUTES = 480
_MERGE_ATTEMPTS = 5


@dataclass(frozen=True)
class Entry:
    """Who writes a commit, when (domain clock, aware), and what it says: a title and trailers."""

    account: str
    at: datetime
    title: str
    trailers: Mapping[str, str]

    @property
    def message(self) -> str:
        return f"{self.title}\n\n" + "".join(f"{key}: {value}\n" for key, value in self.trailers.items())


@dataclass(frozen=True)
class Revision:
    """A merge that changed one stack. `trailers` are those of the merge and, where it lacks one, of the proposal."""

    commit: str
    at: datetime
    account: str
    title: str
    trailers: Mapping[str, str]


class Estate:
    """A bare repository whose main branch is the approved state."""

    def __init__(self, folder: Path, repository: pygit2.Repository) -> None:
        self._folder = folder
        self._repository = repository

    @classmethod
    def open_or_create(cls, folder: Path) -> Estate:
        """The estate in `folder`, made with the schema as its first commit where there is none. Safe to race."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        pygit2.option(pygit2.enums.Option.ENABLE_FSYNC_GITDIR, 1)  # an approval that the database knows is on disk
        with _locked(folder):
            if not (folder / "HEAD").exists():
                pygit2.init_repository(folder, bare=True, initial_head="main")
            estate = cls(folder, pygit2.Repository(folder))
            if MAIN not in estate._repository.references:
                tree = estate._tree(None, {SCHEMA_PATH: spec_schema()})
                first = Entry("yunguan", datetime.fromtimestamp(0, UTC), "The estate, and the schema of its files", {})
                estate._write(MAIN, first, tree, [])
        return estate

    def write_branch(self, name: str, changes: Mapping[str, str | None], entry: Entry) -> tuple[str, str]:
        """One commit off main on a branch `<name>/<number>`; returns both. `changes` are texts by path, None to remove.

        A branch of that name that still stands (open and mergeable, or merged and in force) is returned as it is.
        Raises Failed where git cannot write.
        """
        with _locked(self._folder):
            main, number = self._tip(MAIN), 1
            while (reference := f"{_BRANCHES}{name}/{number}") in self._repository.references:
                tip = self._tip(reference)
                if self._stands(tip, main, changes):
                    return f"{name}/{number}", str(tip.id)
                number += 1
            try:
                commit = self._write(reference, entry, self._tree(main, changes), [main])
            except pygit2.GitError as error:
                raise Failed(f"git cannot write a branch: {error}", where=str(self._folder)) from error
        return f"{name}/{number}", commit

    def merge_branch(self, branch: str, entry: Entry) -> str:
        """Merges into main and returns the commit; a branch that was merged before returns the same commit again.

        Raises Refused where main has changed one of the branch's files since: nobody approved the mixture.
        """
        for _ in range(_MERGE_ATTEMPTS):
            with _locked(self._folder):
                theirs, ours = self._tip(_BRANCHES + branch), self._tip(MAIN)
                done = self._merge_of(theirs, ours)
                if done is not None:
                    return str(done.id)
                tree = self._merged_tree(ours, theirs, branch)
                try:
                    return self._write(MAIN, entry, tree, [ours, theirs])
                except pygit2.GitError as error:
                    if self._tip(MAIN).id == ours.id:
                        raise Failed(
                            f"git cannot write to main: {error}",
                            where=str(self._folder),
                            remedy="where no git is running, remove the lock file that it names, and approve once more",
                        ) from error
        raise Failed("main keeps moving while a proposal is merged", where=branch, remedy="approve once more")

    def read(self, stack_name: str, *, at: str | None = None) -> SystemSpec:
        """The spec of a stack on main, or in commit `at`. Raises WrongUse where there is none."""
        tree = (self._commit(at) if at else self._tip(MAIN)).tree
        path = path_of(stack_name)
        if path not in tree:
            raise WrongUse(f"the estate holds no stack {stack_name}", where=at or "main")
        return parse(_text(tree[path]), where=path)

    def stacks(self, *, at: str | None = None) -> list[str]:
        """Names of all stacks on main, or in commit `at`."""
        index = pygit2.Index()
        index.read_tree((self._commit(at) if at else self._tip(MAIN)).tree)
        return [name for entry in index if (name := stack_of(entry.path)) is not None]

    def history(self, stack_name: str) -> Iterator[Revision]:
        """The merges that made, changed or removed a stack, newest first."""
        path = path_of(stack_name)
        commit: pygit2.Commit | None = self._tip(MAIN)
        while commit is not None:
            before = commit.parents[0] if commit.parents else None
            if _blob(commit, path) != _blob(before, path):
                yield _revision(commit)
            commit = before

    def _merged_tree(self, ours: pygit2.Commit, theirs: pygit2.Commit, branch: str) -> pygit2.Oid:
        base, changed = theirs.parents[0], _changed_paths(theirs)
        moved = sorted(path for path in changed if _blob(base, path) != _blob(ours, path))
        if moved:
            raise Refused(
                f"the estate has moved on since this was proposed: {', '.join(moved)}",
                where=branch,
                remedy="propose it again on the present state, to be approved anew",
            )
        return self._tree(ours, {path: _text(theirs.tree[path]) if path in theirs.tree else None for path in changed})

    def _stands(self, proposed: pygit2.Commit, main: pygit2.Commit, paths: Iterable[str]) -> bool:
        merged = self._repository.descendant_of(main.id, proposed.id)
        expected = proposed if merged else proposed.parents[0]
        return all(_blob(expected, path) == _blob(main, path) for path in paths)

    def _merge_of(self, theirs: pygit2.Commit, ours: pygit2.Commit) -> pygit2.Commit | None:
        """The commit on main's first-parent line that merged `theirs`, if any."""
        if not self._repository.descendant_of(ours.id, theirs.id):
            return None
        commit = ours
        while theirs.id not in commit.parent_ids[1:]:
            commit = commit.parents[0]
        return commit

    def _tree(self, base: pygit2.Commit | None, changes: Mapping[str, str | None]) -> pygit2.Oid:
        index = pygit2.Index()
        if base is not None:
            index.read_tree(base.tree)
        for path, text in changes.items():
            if text is not None:
                blob = self._repository.create_blob(text.encode())
                index.add(pygit2.IndexEntry(path, blob, pygit2.enums.FileMode.BLOB))
            elif _blob(base, path) is not None:
                index.remove(path)
        return index.write_tree(self._repository)

    def _write(self, reference: str, entry: Entry, tree: pygit2.Oid, parents: Sequence[pygit2.Commit]) -> str:
        """Commits to `reference`; git refuses (GitError) if its tip is not the first parent."""
        signature = pygit2.Signature(
            entry.account, f"{entry.account}@yunguan.invalid", int(entry.at.timestamp()), _SHANGHAI_MINUTES
        )
        ids = [parent.id for parent in parents]
        return str(self._repository.create_commit(reference, signature, signature, entry.message, tree, ids))

    def _tip(self, reference: str) -> pygit2.Commit:
        if reference not in self._repository.references:
            raise WrongUse(f"the estate has no branch {reference.removeprefix(_BRANCHES)}")
        return self._repository.references[reference].peel(pygit2.Commit)

    def _commit(self, commit: str) -> pygit2.Commit:
        try:
            return self._repository[commit].peel(pygit2.Commit)
        except (KeyError, ValueError) as error:
            raise WrongUse(f"the estate has no commit {commit}") from error


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Only one writer at a time, in whatever process; freed by the kernel when its process dies."""
    with (folder / "yunguan.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _changed_paths(commit: pygit2.Commit) -> set[str]:
    deltas = commit.parents[0].tree.diff_to_tree(commit.tree).deltas
    return {side.path for delta in deltas for side in (delta.old_file, delta.new_file)}


def _blob(commit: pygit2.Commit | None, path: str) -> pygit2.Oid | None:
    return commit.tree[path].id if commit is not None and path in commit.tree else None


def _text(entry: pygit2.Object) -> str:
    return entry.peel(pygit2.Blob).data.decode()


def _revision(commit: pygit2.Commit) -> Revision:
    proposal = commit.parents[1] if len(commit.parents) > 1 else commit
    return Revision(
        commit=str(commit.id),
        at=datetime.fromtimestamp(commit.commit_time, UTC),
        account=commit.author.name,
        title=proposal.message.splitlines()[0],
        trailers={**proposal.message_trailers, **commit.message_trailers},
    )
