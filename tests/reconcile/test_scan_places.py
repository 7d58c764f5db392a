"""One scan covers the regions and projects that an entry of clouds.yaml reaches, and tells each apart."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import openstack
import pytest
import yaml
from sqlalchemy import select

from controller.domain.spec import ServerType
from controller.engine.storage import from_row
from controller.providers.openstack.catalogue import CloudCatalogue
from controller.providers.openstack.connection import ProviderSettings
from controller.providers.registry import Registry
from controller.reconcile import work
from controller.reconcile.credentials import vouch
from controller.reconcile.incidents import IncidentKind
from controller.reconcile.scan import ScanResult, scan_changes
from controller.reconcile.schedule import clouds_in_use
from controller.reconcile.strangers import approve_incident
from controller.reconcile.verdict import Finding, Verdict
from controller.store.engine import Operating
from controller.store.reconcile import IncidentRow, KnownCloudRow, ScanPartRow
from tests.reconcile.site import REQUEST_TIMEOUT, SETTLE, Site
from tests.specs import Systems

GOV, EAST, OTHER = "gov", "gov@RegionTwo", "gov/alt_demo"
REGIONS = ["RegionOne", "RegionTwo"]
SERVERS = "openstack:compute/instance:Instance"
SETTINGS = ProviderSettings(request_timeout=REQUEST_TIMEOUT, settle_seconds=SETTLE, patience=2.0, retry_seconds=0.01)


class Gov:
    """The entry "gov", with two regions, whose user is a member of two projects; and systems at its places."""

    def __init__(self, site: Site, clouds_yaml: Path) -> None:
        self.site = site
        self.clouds_yaml = clouds_yaml
        self.clouds = yaml.safe_load(site.simulated.clouds_yaml.read_text(encoding="utf-8"))["clouds"]
        site.simulated.ask("POST", "/regions", {"name": "RegionTwo"})
        self.admin: Any = openstack.connect(cloud="sandbox-admin")
        identity = self.admin.identity
        self.role, self.user = identity.find_role("member"), identity.find_user("demo")
        self.project = identity.find_project("alt_demo")
        for role in (self.role, identity.find_role("load-balancer_member")):
            identity.assign_project_role_to_user(self.project, self.user, role)
        self.write()

    def write(self, like: str = "sandbox", regions: list[str] = REGIONS) -> None:
        """The entry as an operator writes it, for processes that begin from now on."""
        entry = {key: value for key, value in self.clouds[like].items() if key != "region_name"}
        clouds = {**self.clouds, GOV: {**entry, "regions": regions}}
        self.clouds_yaml.write_text(yaml.safe_dump({"clouds": clouds}), encoding="utf-8")
        self.site.provider = Registry(SETTINGS, vouch=partial(vouch, self.site.sessions, self.site.vault))

    def applied(self, place: str, name: str) -> int:
        """A system of one server there."""
        self.site.systems = Systems.on(CloudCatalogue(self.site.provider.cloud(place)), "CentOS 7.9")
        machine = self.site.machine("mid-1", ServerType.MID)
        return self.site.applied(self.site.system(machine, name=name, cloud=place))

    def hand(self, place: str) -> Any:
        """Somebody who meddles there."""
        return self.site.provider.cloud(place)

    def stop_server(self, stack: int, place: str) -> None:
        id = self.site.resource(stack, "Instance").physical_id
        self.hand(place).send("compute", "POST", f"/servers/{id}/action", {"os-stop": None})

    def make_volume(self, place: str, **more: Any) -> str:
        cloud = self.hand(place)
        volume = {"name": "by hand", "size": 1, **more}
        return str(cloud.send("block-storage", "POST", "/volumes", {"volume": volume})["volume"]["id"])

    def leave_other_project(self) -> None:
        self.admin.identity.unassign_project_role_from_user(self.project, self.user, self.role)
        for role in self.admin.identity.roles():
            self.admin.identity.unassign_project_role_from_user(self.project, self.user, role)


@pytest.fixture
def gov(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gov:
    path = tmp_path / "clouds.yaml"
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(site.simulated.clouds_yaml))
    made = Gov(site, path)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    return made


def of_servers(result: ScanResult, verdict: Verdict) -> list[Finding]:
    return [one for one in result.findings if one.verdict is verdict and one.type == SERVERS]


def test_what_stands_in_any_region_or_project_is_compared_and_put_back_there(site: Site, gov: Gov) -> None:
    stacks = {place: gov.applied(place, f"system{n}") for n, place in enumerate((GOV, EAST, OTHER))}
    with site.sessions() as session:
        assert clouds_in_use(session) == [GOV]
    result = site.scan(EAST)
    assert (result.cloud, result.complete, result.findings) == (GOV, True, [])
    assert result.counts[Verdict.SAME] == sum(len(site.resources(stack)) for stack in stacks.values())
    for place in (EAST, OTHER):
        gov.stop_server(stacks[place], place)
    changed = of_servers(result := site.scan(GOV), Verdict.CHANGED)
    assert {(one.cloud, one.stack_id) for one in changed} == {(place, stacks[place]) for place in (EAST, OTHER)}
    assert {one.project for one in changed if one.cloud == OTHER} == {gov.project.id}
    assert set(site.follow(result)) == {work.Subject.stack(stacks[place]) for place in (EAST, OTHER)}
    assert {site.look(stacks[place]).summary for place in (EAST, OTHER)} == {"repair succeeded"}
    assert site.scan(GOV).findings == []
    with site.sessions() as session:
        known = set(session.scalars(select(KnownCloudRow.cloud)))
    assert {GOV, EAST, OTHER} <= known, "each place has a fingerprint of its own"


def test_what_changed_is_found_in_every_region(site: Site, gov: Gov) -> None:
    gov.applied(GOV, "near")
    far = gov.applied(EAST, "far")
    site.follow(site.scan(GOV))
    gov.stop_server(far, EAST)
    result = scan_changes(site.sessions, site.provider, site.vault, GOV)
    assert [(one.cloud, one.stack_id) for one in of_servers(result, Verdict.CHANGED)] == [(EAST, far)]


def test_what_one_project_does_not_tell_is_unknown_there_and_nowhere_else(site: Site, gov: Gov) -> None:
    here, there = gov.applied(GOV, "here"), gov.applied(OTHER, "there")
    gov.hand(GOV).remove("compute", f"/servers/{site.resource(here, 'Instance').physical_id}")
    site.fault("status", status=500, service="compute", path="servers", project=gov.project.id, count=None)
    result = site.scan(GOV)
    assert [one.stack_id for one in of_servers(result, Verdict.UNKNOWN)] == [there]
    assert [one.stack_id for one in of_servers(result, Verdict.MISSING)] == [here]
    assert result.incomplete
    assert all(" on gov/alt_demo" in reason for reason in result.incomplete)
    site.follow(result)
    assert site.stack(here).operating == Operating.DEGRADED
    assert site.stack(there).operating == Operating.UNKNOWN


def test_a_project_that_is_out_of_reach_is_unknown_and_says_so(site: Site, gov: Gov) -> None:
    gov.applied(GOV, "here")
    there = gov.applied(OTHER, "there")
    gov.leave_other_project()
    gov.write()
    result = site.scan(GOV)
    assert result.counts[Verdict.UNKNOWN] == len(result.findings) == len(site.resources(there))
    (reason,) = result.incomplete
    assert reason.startswith("every kind on gov/alt_demo: the cloud did not let us in")
    assert site.follow(result) == []


def test_a_region_that_clouds_yaml_no_longer_has_is_unknown_and_says_so(site: Site, gov: Gov) -> None:
    gov.applied(GOV, "near")
    far = gov.applied(EAST, "far")
    gov.write(regions=["RegionOne"])
    result = site.scan(GOV)
    assert result.counts[Verdict.UNKNOWN] == len(result.findings) == len(site.resources(far))
    assert result.incomplete == [f"every kind on {EAST}: clouds.yaml gives gov no region RegionTwo"]


def test_a_region_of_which_nothing_is_seen_is_not_believed_to_be_empty(site: Site, gov: Gov) -> None:
    near, far = gov.applied(GOV, "near"), gov.applied(EAST, "far")
    gov.hand(GOV).remove("compute", f"/servers/{site.resource(near, 'Instance').physical_id}")
    for row in reversed(site.resources(far)):
        site.provider.kind(row.type).delete(gov.hand(EAST), row.physical_id, from_row(row, site.vault).inputs)
    result = site.scan(GOV)
    assert [one.stack_id for one in of_servers(result, Verdict.MISSING)] == [near]
    assert {one.cloud for one in result.none_seen} == {EAST}
    assert site.follow(result) == [work.Subject.stack(near)]
    assert not any(row.missing for row in site.resources(far))
    (incident,) = site.incidents()
    assert (incident.kind, incident.subject) == (IncidentKind.GONE, EAST)
    subject = approve_incident(site.reconciler, incident.id, user="vendor", reason="the region burnt down")
    assert subject == work.Subject.scan(GOV)
    site.follow(site.scan(GOV))
    assert all(row.missing for row in site.resources(far))


def test_an_orphan_is_told_once_with_the_place_where_it_can_be_removed(site: Site, gov: Gov) -> None:
    """With an identity of ours anywhere; without one where something of ours lies, or in the entry's own project."""
    gov.applied(GOV, "here")
    gov.make_volume(OTHER, name="of others")
    late = gov.make_volume(OTHER, name="late", metadata={"yunguan_identity": "yg-" + "a" * 26})
    gov.hand(GOV).send("compute", "POST", "/os-keypairs", {"keypair": {"name": "by hand"}})
    stray = gov.make_volume(EAST, name="stray")
    result = site.scan(GOV)
    told = {(one.name, one.cloud) for one in result.findings}
    assert told == {("late", f"{OTHER}@RegionOne"), ("stray", EAST), ("by hand", f"{GOV}@RegionOne")}
    assert len(result.findings) == 3
    site.follow(result)
    incidents = {one.details["id"]: one for one in site.incidents()}
    for id in (late, stray):
        subject = approve_incident(site.reconciler, incidents[id].id, user="authority", reason="nobody's")
        assert subject is not None
        site.look(int(subject.key))
    assert [one.name for one in site.scan(GOV).findings] == ["by hand"]


def test_orphans_of_one_name_in_two_regions_are_an_incident_each(site: Site, gov: Gov) -> None:
    for place in (GOV, EAST):
        gov.hand(place).send("compute", "POST", "/os-keypairs", {"keypair": {"name": "by hand"}})
    for _ in range(2):
        site.follow(site.scan(GOV))
    with site.sessions() as session:
        reported = session.scalars(select(IncidentRow).order_by(IncidentRow.cloud)).all()
    assert [(one.cloud, one.state) for one in reported] == [(f"{GOV}@RegionOne", "open"), (EAST, "open")]


def test_an_administrators_lists_hold_all_projects_of_a_region(site: Site, gov: Gov) -> None:
    gov.write("sandbox-admin")
    stack = gov.applied("gov/demo", "of-demo")
    result = site.scan(GOV)
    own = site.provider.project(GOV)
    assert result.complete
    assert {(one.verdict, one.project) for one in result.findings} == {(Verdict.ORPHAN, own)}, "the operator's router"
    assert result.counts[Verdict.SAME] == len(site.resources(stack))
    assert {one.cloud for one in result.kinds} == {"gov@RegionOne", "gov@RegionTwo"}
    assert len(result.kinds) == 2 * len(site.provider.kinds())


def test_one_that_was_cut_off_is_taken_up_at_the_lists_it_was_at(site: Site, gov: Gov) -> None:
    stacks = [gov.applied(GOV, "near"), gov.applied(EAST, "far")]

    def cut(what: str, _objects: int) -> None:
        if what == f"{SERVERS} on {EAST}":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        site.scan(GOV, progress=cut)
    with site.sessions() as session:
        rows = session.scalars(select(ScanPartRow).where(ScanPartRow.ended_at.is_not(None))).all()
        ended = {(row.type, row.cloud): row.started_at for row in rows}
    assert ended
    result = site.scan(GOV, fresh_for=timedelta(hours=1))
    with site.sessions() as session:
        after = {
            (row.type, row.cloud): row.started_at
            for row in session.scalars(select(ScanPartRow).where(ScanPartRow.scan_id == result.scan_id))
        }
    assert {key: after[key] for key in ended} == ended
    assert result.complete
    assert result.counts[Verdict.SAME] == sum(len(site.resources(stack)) for stack in stacks)
