"""Chapter 7: things are changed by hand behind the controller's back, found, and put right."""

from __future__ import annotations

from typing import Any

import openstack

from controller.cli.demo.cast import AUTHORITY
from controller.cli.demo.scene import Scene
from controller.domain.spec import SystemSpec
from controller.reconcile.incidents import open_incidents
from controller.reconcile.scan import ScanResult, scan
from controller.reconcile.verdict import Verdict

TOY = "somebody-s-toy"


def tell(scene: Scene, stack: str) -> None:
    """A server deleted, a security group opened to the world, a volume renamed, a server that nobody asked for."""
    scene.chapter("7  Drift made by hand, and a stranger 漂移与无主资源")
    spec = SystemSpec.model_validate(scene.stack(stack).spec)
    prefix = f"{spec.metadata.system}-{spec.metadata.zone}"
    _meddle(scene, prefix)
    scene.run("drift", "--cloud", "sandbox", "--repair")
    scene.until("the drift is repaired", lambda: _has_no_drift(scene))
    with scene.place.sessions() as session:
        stranger = next((one for one in open_incidents(session) if one.details.get("name") == TOY), None)
    scene.check("the stranger is left to a person (GY-22a)", holds=stranger is not None)
    scene.run("incident", "list")
    if stranger is not None:
        scene.run("incident", "approve", str(stranger.id), "--as", AUTHORITY, "--reason", "未经申请")
    scene.until("the stranger is gone, and all is as approved", lambda: is_clean(scene))


def is_clean(scene: Scene) -> bool:
    """Whether a complete scan finds everything as approved and nothing besides."""
    result = _scan(scene)
    return result.complete and not result.findings and result.counts[Verdict.SAME] > 0


def _has_no_drift(scene: Scene) -> bool:
    result = _scan(scene)
    drifted = (Verdict.CHANGED, Verdict.MISSING, Verdict.UNKNOWN)
    inside = [one for one in result.findings if one.owner_urn]
    return result.complete and not inside and not any(result.counts[verdict] for verdict in drifted)


def _scan(scene: Scene) -> ScanResult:
    place = scene.place
    return scan(place.sessions, place.provider, place.means.vault, "sandbox")


def _meddle(scene: Scene, prefix: str) -> None:
    connection: Any = openstack.connect(cloud="sandbox")
    server = next(one for one in connection.compute.servers() if one.name.startswith(f"{prefix}-web"))
    connection.compute.delete_server(server)
    connection.compute.wait_for_delete(server)
    scene.tell(f"  by hand: server [bold]{server.name}[/bold] deleted")
    group = next(one for one in connection.network.security_groups() if one.name.startswith(f"{prefix}-sg-dat"))
    connection.network.create_security_group_rule(
        security_group_id=group.id, direction="ingress", ethertype="IPv4", remote_ip_prefix="0.0.0.0/0"
    )
    scene.tell(f"  by hand: security group [bold]{group.name}[/bold] opened to the world")
    volume = next(one for one in connection.block_storage.volumes() if one.name.startswith(f"{prefix}-dat"))
    connection.block_storage.update_volume(volume, name="renamed-by-hand")
    scene.tell(f"  by hand: volume [bold]{volume.name}[/bold] renamed")
    flavor = connection.compute.find_flavor("m1.tiny")
    image = connection.image.find_image("cirros-0.6.2-x86_64-disk")
    connection.compute.create_server(name=TOY, flavor_id=flavor.id, image_id=image.id, networks="none")
    scene.tell(f"  by hand: server [bold]{TOY}[/bold] started without any request")
