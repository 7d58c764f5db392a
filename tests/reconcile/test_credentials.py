"""Another cloud behind a known name: nothing is concluded, marked, changed or destroyed until a person accepts it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import yaml
from sqlalchemy import select

from controller import audit
from controller.clock import real_now
from controller.domain.errors import Refused
from controller.engine.provider import Unfamiliar
from controller.providers.openstack.connection import ProviderSettings
from controller.providers.registry import Registry
from controller.reconcile import work
from controller.reconcile.credentials import vouch
from controller.reconcile.incidents import IncidentKind, IncidentState, decide
from controller.reconcile.strangers import approve_incident
from controller.reconcile.verdict import Verdict
from controller.store.audit import AuditRow
from controller.store.engine import ExecutionState, Provisioning
from controller.store.reconcile import IncidentRow, KnownCloudRow
from tests.reconcile.site import CLOUD, REQUEST_TIMEOUT, SETTLE, Site


def a_process(site: Site) -> Registry:
    """The provider of a process that begins now: it reads clouds.yaml and compares."""
    settings = ProviderSettings(
        request_timeout=REQUEST_TIMEOUT, settle_seconds=SETTLE, patience=2.0, retry_seconds=0.01
    )
    return Registry(settings, vouch=partial(vouch, site.sessions, site.vault))


@pytest.fixture
def stack(site: Site) -> int:
    site.provider = a_process(site)
    return site.applied()


class CloudsYaml:
    """The file that the processes find, and what an operator does to it."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch, original: Path) -> None:
        self._path = path
        self._before = yaml.safe_load(original.read_text(encoding="utf-8"))
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
        self.put_right()

    def put_right(self) -> None:
        self._path.write_text(yaml.safe_dump(self._before), encoding="utf-8")

    def point_at(self, other: str) -> None:
        """The cloud's name now stands over the credentials of another entry."""
        clouds = {**self._before["clouds"], CLOUD: self._before["clouds"][other]}
        self._path.write_text(yaml.safe_dump({"clouds": clouds}), encoding="utf-8")


@pytest.fixture
def clouds_yaml(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CloudsYaml:
    return CloudsYaml(tmp_path / "clouds.yaml", monkeypatch, site.simulated.clouds_yaml)


@pytest.fixture
def switched(site: Site, stack: int, clouds_yaml: CloudsYaml) -> CloudsYaml:
    """The project of another unit stands behind the name, in a process that has begun since."""
    clouds_yaml.point_at("sandbox-alt")
    site.provider = a_process(site)
    site.forget_counts()
    return clouds_yaml


def assert_untouched(site: Site, stack: int) -> None:
    assert site.changes_made() == 0
    assert not any(row.missing or not row.version for row in site.resources(stack))
    assert site.stack(stack).provisioning == Provisioning.READY


def test_the_first_use_takes_down_by_what_a_cloud_is_known_again(site: Site, stack: int) -> None:
    with site.sessions() as session:
        row = session.scalars(select(KnownCloudRow)).one()
        recorded = session.scalars(select(AuditRow).where(AuditRow.action == "cloud.known")).one()
    assert (row.cloud, row.accepted_by) == (CLOUD, "controller")
    assert row.fingerprint["project"] == site.hand.session.get_project_id()
    assert row.fingerprint["identity address"].startswith("http")
    assert recorded.details == row.fingerprint
    site.provider = a_process(site)
    assert (site.scan().findings, site.incidents()) == ([], [])


def test_a_scan_with_the_credentials_of_another_project_marks_and_destroys_nothing(
    site: Site, stack: int, switched: CloudsYaml
) -> None:
    result = site.scan()
    assert result.counts[Verdict.UNKNOWN] == len(result.findings) == len(site.resources(stack))
    assert all("is not the cloud that was known" in reason for reason in result.incomplete)
    assert site.follow(result) == []
    site.look(stack)
    assert_untouched(site, stack)
    (incident,) = site.incidents()
    assert (incident.kind, incident.cloud) == (IncidentKind.CREDENTIALS, CLOUD)
    assert "other project" in incident.summary
    assert incident.details["known"] != incident.details["seen"]


def test_an_approved_end_waits_instead_of_finding_everything_gone(
    site: Site, stack: int, clouds_yaml: CloudsYaml
) -> None:
    """Each delete would be answered with 404: a state without resources, and a project full of them."""
    site.end(stack)
    site.approve(site.plan(stack)[0])
    clouds_yaml.point_at("sandbox-alt")
    site.provider = a_process(site)
    site.forget_counts()
    look = site.look(stack)
    assert look.again_at is not None
    assert "is not the cloud that was known" in look.summary
    assert site.changes_made() == 0
    assert [one.state for one in site.executions(stack)] == [ExecutionState.SUCCEEDED], "the approval is not used up"
    clouds_yaml.put_right()
    site.provider = a_process(site)
    assert site.look(stack).summary == "destroy succeeded"
    assert list(site.hand.compute.servers()) == []


def test_a_call_is_refused_before_it_is_sent_whoever_makes_it(site: Site, stack: int, switched: CloudsYaml) -> None:
    with pytest.raises(Unfamiliar, match="is not the cloud that was known"):
        site.provider.cloud(CLOUD).send("network", "POST", "/networks", {"network": {"name": "toy"}})
    assert site.changes_made() == 0


def test_a_repair_in_a_process_with_other_credentials_waits(site: Site, stack: int, clouds_yaml: CloudsYaml) -> None:
    site.hand.compute.stop_server(site.resource(stack, "Instance").physical_id)
    site.follow(site.scan())
    clouds_yaml.point_at("sandbox-alt")
    site.provider = a_process(site)
    site.forget_counts()
    assert "is not the cloud that was known" in site.look(stack).summary
    assert site.changes_made() == 0
    clouds_yaml.put_right()
    site.provider = a_process(site)
    assert site.look(stack).summary == "repair succeeded"
    assert site.incidents() == [], "it closed itself when the known credentials were back"


def test_a_person_accepts_the_new_fingerprint_and_the_cloud_is_scanned(
    site: Site, stack: int, switched: CloudsYaml
) -> None:
    site.scan()
    (incident,) = site.incidents()
    subject = approve_incident(site.reconciler, incident.id, user="vendor", reason="the project was moved")
    assert subject == work.Subject.scan(CLOUD)
    with site.sessions() as session:
        row = session.scalars(select(KnownCloudRow)).one()
        assert (row.fingerprint, row.accepted_by) == (incident.details["seen"], "vendor")
        assert work.asked(session, subject) == 1
        assert audit.verify(session).broken_at is None
    result = site.scan()
    assert "another project" in result.incomplete[0], "what stood in the old one is not seen, and not believed gone"
    site.follow(result)
    site.look(stack)
    assert_untouched(site, stack)


def test_another_fingerprint_than_the_accepted_one_needs_a_yes_of_its_own(
    site: Site, stack: int, switched: CloudsYaml
) -> None:
    site.scan()
    (seen,) = site.incidents()
    switched.point_at("sandbox-admin")
    site.provider = a_process(site)
    site.scan()
    (current,) = site.incidents()
    assert current.id != seen.id
    with pytest.raises(Refused, match="another set took its place"):
        approve_incident(site.reconciler, seen.id, user="vendor", reason="the project was moved")
    assert_untouched(site, stack)


def test_a_dismissed_fingerprint_stays_refused_and_is_not_brought_up_again(
    site: Site, stack: int, switched: CloudsYaml
) -> None:
    site.scan()
    (incident,) = site.incidents()
    with site.sessions.begin() as session:
        decide(session, incident.id, IncidentState.DISMISSED, user="vendor", reason="that is not our project")
    assert site.scan().counts[Verdict.UNKNOWN] == len(site.resources(stack))
    assert site.incidents() == []
    with site.sessions() as session:
        assert [row.state for row in session.scalars(select(IncidentRow))] == [IncidentState.DISMISSED]


def test_a_cloud_that_does_not_answer_is_not_taken_for_another(site: Site, stack: int) -> None:
    site.provider = a_process(site)
    site.fault("status", status=503, service="identity", count=None)
    assert not site.scan().complete
    assert site.incidents() == []


def test_of_two_processes_that_begin_at_once_with_other_credentials_one_is_refused(site: Site) -> None:
    """The second waits for the first one's row, and is then measured by it."""
    with ThreadPoolExecutor(1) as pool, site.sessions() as session:
        first = KnownCloudRow(cloud="new", fingerprint={"project": "a"}, accepted_by="x", accepted_at=real_now())
        session.add(first)
        session.flush()
        second = pool.submit(vouch, site.sessions, site.vault, "new", {"project": "b"})
        session.commit()
        with pytest.raises(Unfamiliar, match="other project"):
            second.result(timeout=60)
