"""`yunguan bench plan`: a whole program is planned, then the planner alone on more registrations than a program has.

No cloud is asked and no database needed: what is measured is the program's own process, the protocol between it and the
engine, and the decisions. The planner sees the registrations twice, when nothing stands yet and when all stands and a
part was changed by hand; its plan must name exactly that part.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from controller.cli.output import WIDTH_OF_A_FILE
from controller.domain.errors import Failed
from controller.engine.lookup import Lookup
from controller.engine.plan import Op, Operation, Plan, Purpose
from controller.engine.planning import render
from controller.engine.planning.preview import make_plan
from controller.engine.program.run import ProgramResult, run_program, warm_up
from controller.engine.program.source import ProgramSource
from controller.engine.properties import UNKNOWN, PropertyMap, PropertyValue, transform
from controller.engine.provider import Fields
from controller.engine.registration import Program, Registered, Registrar, Registration
from controller.engine.state import ResourceState
from controller.providers.openstack.connection import ProviderSettings
from controller.providers.registry import Registry
from controller.store.vault import Vault

CLOUD, STACK, PROJECT = "bench", "bench", "bench"
IN_A_GROUP = 9
CHANGED_EVERY = 10
"""One resource of so many is changed by hand."""

_SOURCE = """\
import time

import pulumi
import pulumi_openstack as openstack

made = []
for number in range(pulumi.Config().require_int("groups")):
    network = openstack.networking.Network(f"net-{number}", name=f"net-{number}")
    subnet = openstack.networking.Subnet(
        f"subnet-{number}", name=f"subnet-{number}", network_id=network.id, cidr="10.0.0.0/24", ip_version=4
    )
    group = openstack.networking.SecGroup(f"group-{number}", name=f"group-{number}")
    rule = openstack.networking.SecGroupRule(
        f"rule-{number}", security_group_id=group.id, direction="ingress", ethertype="IPv4",
        protocol="tcp", port_range_min=22, port_range_max=22, remote_ip_prefix="10.0.0.0/8",
    )
    port = openstack.networking.Port(
        f"port-{number}", name=f"port-{number}", network_id=network.id, security_group_ids=[group.id],
        fixed_ips=[openstack.networking.PortFixedIpArgs(subnet_id=subnet.id)],
    )
    boot = openstack.blockstorage.Volume(f"boot-{number}", name=f"boot-{number}", size=40, image_id="linux")
    data = openstack.blockstorage.Volume(f"data-{number}", name=f"data-{number}", size=10)
    server = openstack.compute.Instance(
        f"server-{number}", name=f"server-{number}", flavor_id="small",
        networks=[openstack.compute.InstanceNetworkArgs(port=port.id)],
        block_devices=[
            openstack.compute.InstanceBlockDeviceArgs(
                uuid=boot.id, source_type="volume", destination_type="volume", boot_index=0
            )
        ],
    )
    attached = openstack.compute.VolumeAttach(f"attach-{number}", instance_id=server.id, volume_id=data.id)
    made += [network, subnet, group, rule, port, boot, data, server, attached]
pulumi.export("cpu", pulumi.Output.all(*(one.urn for one in made)).apply(lambda _: time.process_time()))
"""


def measure_plan(*, resources: int, registrations: int) -> dict[str, object]:
    """Seconds for a program of so many `resources`, and for the planner on so many `registrations`."""
    bench = _Bench()
    figures = bench.whole_program(max(resources // IN_A_GROUP, 1))
    return {**figures, "planner": bench.planner_alone(registrations)}


@dataclass
class _Heard:
    """Hands on what a program registers, and keeps it."""

    preview: Registrar
    registrations: list[Registration] = field(default_factory=list)

    def register(self, registration: Registration) -> Registered:
        self.registrations.append(registration)
        return self.preview.register(registration)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.preview, name)


class _Bench:
    def __init__(self) -> None:
        self._provider = Registry(ProviderSettings())
        self._vault = Vault(Fernet.generate_key())
        self._collected: list[Registration] = []

    def whole_program(self, groups: int) -> dict[str, object]:
        """The program in its own process, until its plan has a digest. Keeps what it registered."""
        warm_up()
        ended: list[ProgramResult] = []
        with tempfile.TemporaryDirectory(prefix="yunguan-bench-") as name:
            source = _written(Path(name))

            def program(registrar: Registrar) -> None:
                heard = _Heard(registrar)
                config = {f"{PROJECT}:groups": str(groups)}
                ended.append(run_program(source, stack=STACK, config=config, registrar=heard, preview=True))
                self._collected = heard.registrations

            started, before = time.perf_counter(), time.process_time()
            plan = self._plan(program, ())
            plan.digest(self._vault.hmac_key)
            seconds, engine = time.perf_counter() - started, time.process_time() - before
        made = sum(one.op is Op.CREATE and one.type.startswith("openstack:") for one in plan.operations)
        if made != groups * IN_A_GROUP:
            raise Failed(f"{made} resources were planned, not {groups * IN_A_GROUP}: the figures are worth nothing")
        return {
            "resources": made,
            "seconds": round(seconds, 2),
            "sdk_seconds": round(float(ended[0].outputs["cpu"]), 2),
            "engine_seconds": round(engine, 2),
        }

    def planner_alone(self, count: int) -> dict[str, object]:
        """Nothing stands; then all stands, and one of `CHANGED_EVERY` was changed by hand."""
        registrations = list(islice(_multiplied(self._collected), count))
        new = self._timed(registrations, ())
        known = [replace(one, inputs=_known(one.inputs)) for one in registrations]
        states, changed = self._states(known, new.plan.operations)
        drifted = self._timed(known, states)
        updates = [one for one in drifted.plan.operations if not one.changes_nothing]
        if len(updates) != changed or any(one.op is not Op.UPDATE for one in updates):
            raise Failed(f"{len(updates)} changes were planned, not {changed}: the figures are worth nothing")
        return {"registrations": len(registrations), "seconds": max(new.total, drifted.total), "new": new.seconds} | {
            "changed": changed,
            "drifted": drifted.seconds,
        }

    def _timed(self, registrations: Sequence[Registration], states: Sequence[ResourceState]) -> _Timed:
        def program(registrar: Registrar) -> None:
            for one in registrations:
                registrar.register(one)

        timed = _Timed()
        timed.plan = timed.part("planning", lambda: self._plan(program, states))
        timed.part("digest", lambda: timed.plan.digest(self._vault.hmac_key))
        timed.part("document", lambda: timed.plan.to_document(self._vault))
        timed.part("rendering", lambda: render.to_text(timed.plan, WIDTH_OF_A_FILE))
        return timed

    def _plan(self, program: Program, states: Sequence[ResourceState]) -> Plan:
        return make_plan(
            stack=STACK,
            purpose=Purpose.APPLY,
            states=states,
            provider=self._provider,
            spec_digest="",
            program_version="",
            program=program,
            lookup=Lookup(self._provider, CLOUD),
        )

    def _states(
        self, registrations: Sequence[Registration], operations: Sequence[Operation]
    ) -> tuple[list[ResourceState], int]:
        """As an apply would have left them; and how many of them somebody has changed by hand since."""
        inputs = {one.urn: _known(one.inputs) for one in operations}
        states, changed = [], 0
        for number, one in enumerate(registrations):
            observed = self._provider.kind(one.type).desired(inputs[one.urn]) if one.custom else {}
            if number % CHANGED_EVERY == 0 and "name" in observed:
                observed, changed = {**observed, "name": "by hand"}, changed + 1
            states.append(_state(one, inputs[one.urn], observed, number))
        return states, changed


@dataclass
class _Timed:
    """A plan, and the seconds that each part of making it took."""

    plan: Plan = field(init=False)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def total(self) -> float:
        return round(sum(self.seconds.values()), 2)

    def part(self, name: str, do: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        result = do()
        self.seconds[name] = round(time.perf_counter() - started, 2)
        return result


def _written(folder: Path) -> ProgramSource:
    (folder / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\n", encoding="utf-8")
    (folder / "__main__.py").write_text(_SOURCE, encoding="utf-8")
    return ProgramSource.at(folder)


def _multiplied(collected: Sequence[Registration]) -> Iterator[Registration]:
    """The registrations again and again, each time under other names; the stack itself stands once."""
    stack, *rest = collected
    yield stack
    copy = 0
    while rest:
        copy += 1
        moved = {one.urn: f"{one.urn}-{copy}" for one in rest}
        for one in rest:
            yield replace(
                one,
                urn=moved[one.urn],
                name=f"{one.name}-{copy}",
                parent=moved.get(one.parent, one.parent),
                dependencies=[moved[urn] for urn in one.dependencies],
                property_dependencies={
                    path: [moved[urn] for urn in urns] for path, urns in one.property_dependencies.items()
                },
            )


def _known(inputs: PropertyMap) -> PropertyMap:
    def leaf(value: PropertyValue) -> PropertyValue:
        return "known" if value is UNKNOWN else value

    known: PropertyMap = transform(inputs, leaf)
    return known


def _state(one: Registration, inputs: PropertyMap, observed: Fields, number: int) -> ResourceState:
    return ResourceState(
        urn=one.urn,
        generation=1,
        type=one.type,
        custom=one.custom,
        id=f"id-{number}" if one.custom else "",
        parent=one.parent,
        inputs=inputs,
        outputs=dict(inputs),
        observed=observed,
        dependencies=one.dependencies,
        property_dependencies=one.property_dependencies,
        cloud=CLOUD if one.custom else "",
    )
