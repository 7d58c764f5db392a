"""`yunguan certificate`: the proof that a system was taken back, shown again as it was issued, and checked."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from controller.casework.certificate import issue as certificates
from controller.casework.certificate.issue import certificate_of, fingerprint, fingerprint_of, read
from controller.casework.certificate.pdf import write_pdf
from controller.cli.arguments import settings, workplace
from controller.cli.output import Format, Output, print_document, print_facts, say
from controller.domain.errors import Refused, WrongUse
from controller.domain.reclaim import Certificate
from controller.store.signer import from_pem, public_key_of, to_pem

app = typer.Typer(no_args_is_help=True, help="Certificates of reclaim")

Stack = Annotated[str, typer.Argument(metavar="STACK", help="city/unit/system.zone")]
Pdf = Annotated[Path | None, typer.Option("--pdf", help="Writes the certificate as PDF to this file")]
Key = Annotated[
    Path | None, typer.Option("--key", help="PEM file of the issuer's public key; this home's own otherwise")
]

LABELS = {
    "number": "NUMBER",
    "issued_at": "ISSUED",
    "city": "CITY",
    "unit": "UNIT",
    "system": "SYSTEM",
    "case": "CASE",
    "rules": "RULES",
    "stacks": "STACKS",
    "resources": "RESOURCES",
    "looked_at": "LOOKED AT",
    "left": "LEFT",
    "hand_over": "HAND-OVER",
    "ledger_ended": "LEDGER ENDED",
    "key": "KEY",
}


@app.command()
def show(stack: Stack, pdf: Pdf = None, output: Output = Format.TABLE) -> None:
    """The certificate of the stack's system; json is the signed document itself, byte for byte."""
    with workplace() as place, place.sessions() as session:
        document = certificate_of(session, stack).document
    if output is Format.JSON:
        sys.stdout.write(document)
    elif output is Format.YAML:
        print_document(json.loads(document), output)
    else:
        print_facts(_facts(read(document)) | {"key": fingerprint_of(document)}, LABELS, output)
    if pdf is not None:
        write_pdf(document, pdf)
        say(f"written: {pdf}")


@app.command()
def verify(file: Path, key: Key = None, output: Output = Format.TABLE) -> None:
    """Whether a certificate is word for word what its issuer signed. Exit code 1 where it is not."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise WrongUse(f"文件无法读取：{error.strerror}", where=str(file)) from None
    verdict = certificates.verify(content, from_pem(key) if key else public_key_of(settings().home))
    found = verdict.certificate
    if output is not Format.TABLE:
        print_document(
            {
                "ok": verdict.trusted,
                "intact": verdict.intact,
                "trusted": verdict.trusted,
                "reason": verdict.reason,
                "number": found.number if found else None,
                "fingerprint": verdict.fingerprint,
            },
            output,
        )
        raise typer.Exit(0 if verdict.trusted else 1)
    if not verdict.trusted:
        remedy = f"签署密钥指纹：{verdict.fingerprint}；用 --key 指定签发方的公钥" if verdict.intact else ""
        raise Refused(verdict.reason, where=str(file), remedy=remedy)
    if found is not None:
        say(f"证明有效：{found.number}，{found.facts.unit.name} {found.facts.system.name}")


@app.command()
def key() -> None:
    """This home's public key as PEM, for those who check its certificates elsewhere."""
    public_key = public_key_of(settings().home)
    if public_key is None:
        raise Refused("尚未签发过证明，没有公钥", where=str(settings().home))
    sys.stdout.write(to_pem(public_key))
    say(f"fingerprint {fingerprint(public_key)}")


def _facts(certificate: Certificate) -> dict[str, Any]:
    facts = certificate.facts
    return {
        "number": certificate.number,
        "issued_at": certificate.issued_at,
        "city": facts.city.name,
        "unit": facts.unit.name,
        "system": facts.system.name,
        "case": facts.case,
        "rules": facts.rules,
        "stacks": [stack.name for stack in facts.stacks],
        "resources": sum(len(stack.resources) for stack in facts.stacks),
        "looked_at": f"{len(facts.searches)} lists, {sum(one.objects for one in facts.searches)} objects",
        "left": 0,
        "hand_over": [f"{one.title} {one.sha256[:12]}" for one in facts.documents if one.proves_hand_over],
        "ledger_ended": sorted({one.ended_on.isoformat() for one in facts.ledger}),
    }
