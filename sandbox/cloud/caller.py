"""Who asks: what a token stands for, as every service reads it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    """The bearer of a token: user, scope (a project, a domain, the system, or none) and roles."""

    user_id: str
    project_id: str | None = None
    domain_id: str | None = None
    system: bool = False
    roles: frozenset[str] = frozenset()

    @property
    def is_admin(self) -> bool:
        """Whether policy lets them see and change what is not their own project's."""
        return "admin" in self.roles

    def owns(self, document: dict[str, object]) -> bool:
        """Whether the document is theirs to see: of their project, or of anybody for an administrator."""
        return self.is_admin or document.get("project_id") == self.project_id


NOBODY = Caller(user_id="")
