"""SystemSpec ↔ its file in the estate: canonical YAML, so that equal specs are equal bytes and a diff shows only
changes.

Called by `repository.py`; people read the files, editors check them against the schema that the first line names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml
from pydantic import ValidationError

from controller.domain.errors import Failed, Refused, WrongUse
from controller.domain.spec import SystemSpec
from controller.domain.validation import wrongs

SCHEMA_PATH = "spec.schema.json"
_HEADER = f"# yaml-language-server: $schema=../../../{SCHEMA_PATH}\n"
_STACK_NAME = re.compile(r"[a-z0-9-]+/[a-z0-9-]+/[a-z0-9-]+\.[a-z0-9-]+")
_PERSONAL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+|(?<!\d)1[3-9]\d{9}(?!\d)")


def path_of(stack_name: str) -> str:
    """The file of a stack in the repository. Raises WrongUse for what is no stack name."""
    if not _STACK_NAME.fullmatch(stack_name):
        raise WrongUse(
            f"{stack_name!r} is no name of a stack", remedy="write city/unit/system.zone, in lower-case codes"
        )
    return f"stacks/{stack_name}.yaml"


def stack_of(path: str) -> str | None:
    """The stack whose file stands at `path`; None for files of other purposes."""
    name = path.removeprefix("stacks/").removesuffix(".yaml")
    return name if _STACK_NAME.fullmatch(name) and path == path_of(name) else None


def render(spec: SystemSpec) -> str:
    """The file's text: keys in the spec's own order, every value spelled out. Raises Refused on personal data."""
    document = spec.model_dump(mode="json", by_alias=True)
    for text in _texts(document):
        refuse_personal_data(text, where=path_of(spec.stack_name))
    return _HEADER + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120, indent=2)


def parse(text: str, *, where: str) -> SystemSpec:
    """The spec that a file holds; `where` names it in errors. Raises Failed for anything but a valid spec."""
    try:
        return SystemSpec.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise Failed(f"the file is not YAML: {error}", where=where) from error
    except ValidationError as error:
        details = "; ".join(f"{one.where}: {one.what}" for one in wrongs(error))
        raise Failed(f"the file is no SystemSpec: {details}", where=where) from error


def _texts(value: object) -> Iterator[str]:
    """Every text in a document but the cloud's ids, whose digits may look like a telephone number."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            if key != "id":
                yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def refuse_personal_data(text: str, *, where: str) -> None:
    """Raises Refused where `text` holds an e-mail address or a mobile number: those stay in the database."""
    found = _PERSONAL.search(text)
    if found is not None:
        raise Refused(
            f"personal data does not belong in the estate: …{found.group()[-4:]}",
            where=where,
            remedy="name the person by account id",
        )
