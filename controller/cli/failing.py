"""What nobody foresaw becomes a message and a log file: a person at a terminal can do nothing with a traceback."""

from __future__ import annotations

import traceback
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from controller.clock import real_now
from controller.domain.errors import Failed
from controller.settings import Settings

LOG = "defects.log"


def database(error: DBAPIError) -> Failed:
    """The database does not answer, or refuses."""
    reason = str(error.orig or error).strip().splitlines() or [type(error).__name__]
    return Failed(
        f"the database does not do what it shall: {reason[0]}",
        remedy="see whether it runs and may be reached (YUNGUAN_DATABASE_URL), then try again",
    )


def unexpected(error: Exception) -> Failed:
    """A defect of ours: its traceback goes into the home's logs."""
    log = _kept(error)
    return Failed(
        f"an unexpected error: {type(error).__name__}: {error}",
        remedy=f"please report it with {log}" if log else "please report it",
    )


def _kept(error: Exception) -> Path | None:
    try:
        folder = Settings().home / "logs"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / LOG).open("a", encoding="utf-8") as log:
            log.write(f"{real_now().isoformat()}\n{''.join(traceback.format_exception(error))}\n")
    except (OSError, ValueError):
        return None
    return folder / LOG
