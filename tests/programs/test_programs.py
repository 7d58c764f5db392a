"""Programs from anywhere, from small to nasty: what they make, what a second run does, how they fail and end."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select

from controller.domain.errors import Failed, Refused, WrongUse
from controller.engine.program.run import ProgramFailed
from controller.reconcile.drift import follow_up
from controller.reconcile.scan import scan
from controller.settings import Settings
from controller.store.audit import AuditRow
from controller.store.engine import PlanRow, ResourceRow, StackRow
from controller.workplace import open_workplace
from tests.programs.desk import HERE, KEYS, Desk, config, ops


@pytest.mark.parametrize(
    "name", ["tiers", "counts", "ignoring", "replacing", "keeping", "bound", "secretive", "clouds"]
)
def test_a_second_up_makes_no_mutating_call_and_a_destroy_leaves_nothing(desk: Desk, name: str) -> None:
    settings = desk.settings(name)
    before = desk.networks()
    first = desk.up(name, *settings)
    assert set(ops(first).values()) == {"create"}
    assert desk.changes() > 0
    second = desk.up(name, *settings)
    assert ops(second) == {}
    assert desk.changes() == 0
    assert (second["outputs"], second["resources"]) == (first["outputs"], first["resources"])
    destroyed = desk.destroy(name)
    assert set(ops(destroyed).values()) == {"delete"}
    assert desk.networks() - before == ({"kept"} if name == "keeping" else set())


def test_components_nest_and_their_outputs_reach_the_stack(desk: Desk) -> None:
    made = desk.up("tiers")
    urns = [one["urn"] for one in made["resources"]]
    rule = next(one for one in made["resources"] if one["type"].endswith(":SecGroupRule"))
    assert "urn:pulumi:dev::tiers::pulumi:pulumi:Stack::tiers-dev" in urns
    assert rule["urn"].startswith("urn:pulumi:dev::tiers::tests:programs:Site$tests:programs:Tier$openstack:")
    assert rule["parent"] in urns
    assert rule["id"]
    assert set(rule["dependencies"]) <= set(urns)
    assert made["outputs"] == {"cidrs": ["10.9.0.0/24", "10.9.1.0/24", "10.9.2.0/24"]}
    fewer = desk.up("tiers", *config(tiers='["web"]'))
    assert list(ops(fewer).values()).count("delete") == 10
    assert fewer["outputs"] == {"cidrs": ["10.9.0.0/24"]}


def test_a_preview_changes_nothing_and_its_digest_is_that_of_the_up(desk: Desk) -> None:
    settings = desk.settings("counts")
    foretold = desk.preview("counts", *settings)
    assert desk.changes() == 0
    with desk.sessions() as session:
        assert session.scalars(select(StackRow)).all() == []
    assert desk.up("counts", *settings)["digest"] == foretold["digest"]


def test_counts_follow_the_configuration(desk: Desk) -> None:
    desk.up("counts", *config(networks=1))
    grown = desk.up("counts", *config(networks=3, ports=1))
    assert list(ops(grown).values()) == ["create"] * 7
    shrunk = desk.up("counts", *config(networks=1))
    assert sorted(set(ops(shrunk).values())) == ["delete"]
    assert list(shrunk["outputs"]["networks"]) == ["net-0"]


def test_changes_that_are_ignored_stay_ignored(desk: Desk) -> None:
    desk.up("ignoring", *config(name="g", description="first"))
    desk.changes()
    assert ops(desk.up("ignoring", *config(name="g", description="second"))) == {}
    assert desk.changes() == 0
    renamed = desk.up("ignoring", *config(name="h", description="third"))
    assert ops(renamed) == {"SecGroup group": "update"}
    assert desk.hand.network.find_security_group("h").description.startswith("first ")


def test_what_cannot_change_is_made_anew_with_its_dependents(desk: Desk) -> None:
    first = desk.up("replacing", *config(cidr="10.7.0.0/24", key=KEYS[0]))
    second = desk.up("replacing", *config(cidr="10.7.1.0/24", key=KEYS[1]))
    done = ops(second)
    assert done == {"Subnet subnet": "replace", "Port port": "replace", "Keypair key": "replace"}
    assert not set(second["outputs"].values()) & set(first["outputs"].values())
    assert desk.hand.compute.find_keypair("program-key").public_key == KEYS[1]
    assert [subnet.cidr for subnet in desk.hand.network.subnets(cidr="10.7.0.0/24")] == []
    assert ops(desk.up("replacing", *config(cidr="10.7.1.0/24", key=KEYS[1]))) == {}


def test_a_port_moves_over_to_the_new_range_of_its_subnet_and_goes_first_where_ranges_overlap(desk: Desk) -> None:
    folder = desk.copy("replacing")
    program = folder / "__main__.py"
    program.write_text(program.read_text().replace('replace_on_changes=["fixedIps"]', ""))
    first = desk.up(folder, *config(cidr="10.7.0.0/24", key=KEYS[0]))
    second = desk.up(folder, *config(cidr="10.7.1.0/24", key=KEYS[0]))
    assert ops(second) == {"Subnet subnet": "replace", "Port port": "update"}
    assert second["outputs"]["port"] == first["outputs"]["port"]
    assert [one.name for one in desk.hand.network.subnets(cidr="10.7.0.0/24")] == []
    [address] = desk.hand.network.get_port(second["outputs"]["port"]).fixed_ips
    assert address["subnet_id"] == second["outputs"]["subnet"]
    third = desk.up(folder, *config(cidr="10.7.1.0/25", key=KEYS[0]))
    assert ops(third) == {"Subnet subnet": "replace", "Port port": "replace"}
    assert desk.hand.network.get_subnet(third["outputs"]["subnet"]).cidr == "10.7.1.0/25"
    assert ops(desk.up(folder, *config(cidr="10.7.1.0/25", key=KEYS[0]))) == {}


def test_secrets_are_masked_wherever_they_are_shown_or_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "hush-hush")
    words = ["program", "up", HERE / "secretive", "--stack", "dev", "--cloud", "sandbox", "--yes"]
    words += ["--secret", "token=TOKEN", *config(**desk.boots())]
    result = desk.type(*words, "-o", "json")
    assert result.exit_code == 0, result.exception
    assert json.loads(result.stdout)["outputs"] == {
        "token": "[secret]",
        "told": "[secret]",
        "within": {"a": ["plain", "[secret]"]},
        "plain": "server",
    }
    assert "the token is [secret]" in result.stderr
    assert "hush" not in result.stdout + result.stderr + desk.type(*words).output
    with desk.sessions() as session:
        kept = [
            *session.scalars(select(PlanRow.document)),
            *session.scalars(select(ResourceRow.inputs)),
            *session.scalars(select(ResourceRow.outputs)),
            *session.scalars(select(StackRow.outputs)),
            *session.scalars(select(AuditRow.details)),
        ]
    assert "hush" not in json.dumps(kept)


@pytest.mark.parametrize("command", [["preview"], ["up", "--yes"]])
def test_a_program_that_fails_shows_its_traceback_and_changes_nothing(desk: Desk, command: list[str]) -> None:
    where = [HERE / "failing", "--stack", "dev", "--cloud", "sandbox", "--config", "parts=0"]
    result = desk.type("program", *command, *where)
    assert isinstance(result.exception, ProgramFailed)
    assert result.exception.exit_code == 1
    assert result.exception.where == "__main__.py:9"
    assert "ZeroDivisionError" in result.stderr
    assert "Traceback" in result.stderr
    assert desk.changes() == 0
    with desk.sessions() as session:
        assert session.scalars(select(StackRow)).all() == []
    assert desk.up("failing", *config(parts=4))["outputs"] == {"share": 25}


def test_protection_holds_until_it_is_taken_off(desk: Desk) -> None:
    desk.up("keeping", *config(protect="true"))
    with pytest.raises(Refused, match="protected"):
        desk.up("keeping", *config(protect="true", without="true"))
    with pytest.raises(Refused, match="protected"):
        desk.destroy("keeping")
    desk.up("keeping", *config(protect="false"))
    assert ops(desk.up("keeping", *config(protect="false", without="true"))) == {"Network guarded": "delete"}
    desk.destroy("keeping")
    assert "kept" in desk.networks()


def test_what_is_there_already_is_taken_over_by_its_id(desk: Desk) -> None:
    found = desk.hand.network.create_network(name="found")
    desk.changes()
    adopted = desk.up("keeping", *config(protect="false", found=found.id, without="true"))
    assert ops(adopted)["Network found"] == "import"
    assert found.id in {one["id"] for one in adopted["resources"]}
    for other, message in (("no-such-id", "there is no .* with the id no-such-id"), (found.id, "belongs to the stack")):
        with pytest.raises(Refused, match=message):
            desk.preview("keeping", *config(protect="false", found=other), stack="other")


def test_two_stacks_of_a_program_do_not_touch_each_other(desk: Desk) -> None:
    desk.up("counts", *config(networks=1), stack="dev")
    desk.up("counts", *config(networks=2), stack="prod")
    with desk.sessions() as session:
        names = session.scalars(select(StackRow.name).order_by(StackRow.name)).all()
    assert names == ["program/counts/dev", "program/counts/prod"]
    desk.destroy("counts", stack="dev")
    assert ops(desk.up("counts", *config(networks=2), stack="prod")) == {}


def test_who_ran_it_stands_in_the_audit_trail(desk: Desk) -> None:
    digest = desk.up("counts", *config(networks=1), "--as", "li")["digest"]
    with desk.sessions() as session:
        row = session.scalars(select(AuditRow).where(AuditRow.action == "plan.approved")).one()
    assert (row.actor, row.target, row.details["digest"]) == ("li", "program/counts/dev", digest)


def test_nobody_can_be_asked_where_there_is_no_terminal(desk: Desk) -> None:
    for command in ("up", "destroy"):
        result = desk.type("program", command, HERE / "counts", "--stack", "dev", "--cloud", "sandbox")
        assert isinstance(result.exception, WrongUse)
        assert "--yes" in str(result.exception)


def test_what_never_was_is_not_destroyed(desk: Desk) -> None:
    with pytest.raises(WrongUse, match="no stack program/counts/dev"):
        desk.destroy("counts")
    with desk.sessions() as session:
        assert session.scalars(select(StackRow)).all() == []


def test_what_has_hooks_around_its_deletion_is_destroyed_with_the_program_alone(desk: Desk, tmp_path: Path) -> None:
    book = tmp_path / "book"
    desk.up("mourned", *config(book=book))
    with pytest.raises(Refused, match="needs the hook write") as refusal:
        desk.destroy("mourned")
    assert "--run-program" in refusal.value.remedy
    assert desk.networks() == {"mourned"}

    desk.destroy("mourned", *config(book=book), "--run-program")

    assert book.read_text() == "net mourned\n"
    assert desk.networks() == set()


def test_a_stack_stays_on_its_cloud(desk: Desk) -> None:
    desk.up("counts", *config(networks=1))
    for cloud, kind in (("elsewhere", Refused), ("", WrongUse)):
        words = ["program", "up", HERE / "counts", "--stack", "dev" if cloud else "new", "--yes", *config(networks=1)]
        result = desk.type(*words, *(["--cloud", cloud] if cloud else []))
        assert isinstance(result.exception, kind), result.output
    assert ops(desk.run("program", "up", HERE / "counts", "--stack", "dev", "--yes", *config(networks=1))) == {}


def test_two_at_once_are_refused(desk: Desk) -> None:
    desk.up("counts", *config(networks=1))
    with desk.sessions() as session:
        key = func.hashtextextended("program/counts/dev", 0)
        session.scalar(select(func.pg_advisory_lock(key)))
        with pytest.raises(Refused, match="somebody is working"):
            desk.up("counts", *config(networks=2))
        session.scalar(select(func.pg_advisory_unlock(key)))
    assert list(ops(desk.up("counts", *config(networks=2))).values()) == ["create"] * 2


def test_a_lost_reply_is_waited_for_and_nothing_is_made_twice(desk: Desk) -> None:
    desk.simulated.ask("POST", "/faults", [{"action": "lose_reply", "method": "POST", "path": "/networks"}])
    made = desk.up("counts", *config(networks=2))
    assert set(made["outputs"]["networks"]) == {"net-0", "net-1"}
    assert sum(network.name.startswith("net-") for network in desk.hand.network.networks()) == 2


def test_what_failed_halfway_is_gone_on_with_by_the_next_up(desk: Desk) -> None:
    refusal = {"action": "status", "status": 400, "method": "POST", "path": "/subnets"}
    desk.simulated.ask("POST", "/faults", [refusal])
    with pytest.raises(Failed, match="Subnet::net-"):
        desk.up("counts", *config(networks=2))
    assert "create" in ops(desk.up("counts", *config(networks=2))).values()
    assert sorted(one.name for one in desk.hand.network.networks() if one.name.startswith("net-")) == ["net-0", "net-1"]


def test_a_killed_run_is_taken_up_by_the_next_one(desk: Desk) -> None:
    desk.killed_up("counts", *config(networks=3, ports=1), at="/subnets", nth=2)
    up = desk.type(
        "program", "up", HERE / "counts", "--stack", "dev", "--cloud", "sandbox", "--yes", *config(networks=3, ports=1)
    )
    assert up.exit_code == 0, up.exception
    assert "an interrupted run is taken up first" in up.stderr
    assert "before and after the interruption: 9 created" in up.stderr
    assert re.search(r"Subnet .*: creating it took \d+\.\d s", up.stderr)
    assert desk.networks() >= {"net-0", "net-1", "net-2"}
    assert sum(network.name.startswith("net-") for network in desk.hand.network.networks()) == 3
    assert ops(desk.up("counts", *config(networks=3, ports=1))) == {}


def test_a_killed_run_is_given_up_where_the_stack_is_destroyed_instead(desk: Desk) -> None:
    before = desk.networks()
    desk.killed_up("counts", *config(networks=3), at="/subnets", nth=2)
    desk.destroy("counts")
    assert desk.networks() == before


def test_its_state_is_carried_to_another_home(
    desk: Desk, other_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "a long one")
    settings = desk.settings("secretive")
    desk.up("secretive", *settings)
    exported = desk.type("stack", "export", "program/secretive/dev")
    assert exported.exit_code == 0, exported.exception
    assert "hush" not in exported.stdout
    file = desk.folder / "state.json"
    file.write_text(exported.stdout)
    monkeypatch.setenv("YUNGUAN_HOME", str(desk.folder / "another"))
    monkeypatch.setenv("YUNGUAN_DATABASE_URL", other_database_url)
    desk.changes()
    imported = desk.type("stack", "import", "program/secretive/dev", file)
    assert imported.exit_code == 0, imported.exception
    assert ops(desk.preview("secretive", *settings)) == {}
    assert ops(desk.up("secretive", *settings)) == {}
    assert desk.changes() == 0


def test_the_reconciler_leaves_it_alone(desk: Desk) -> None:
    made = desk.up("counts", *config(networks=1))
    network = made["outputs"]["networks"]["net-0"]
    desk.hand.network.update_network(network, is_admin_state_up=False)
    desk.changes()
    with open_workplace(Settings()) as place, desk.sessions() as session:
        stack = session.scalars(select(StackRow)).one()
        result = scan(place.sessions, place.provider, place.means.vault, "sandbox")
        follow_up(place.sessions, place.provider, place.means.vault, result, place.reconciler.limits)
        assert place.reconciler.look(stack.id).summary == "left to whoever runs its program"
        assert [row.verdict for row in result.findings if row.stack_id] == ["changed"]
    with pytest.raises(WrongUse, match="no approved specification"):
        desk.run("stack", "plan", "program/counts/dev")
    assert desk.changes() == 0
    assert ops(desk.up("counts", *config(networks=1))) == {"Network net-0": "update"}


def test_what_has_a_provider_of_its_own_stands_on_that_cloud_and_goes_from_there(desk: Desk) -> None:
    alt = desk.hand_on("sandbox-alt")
    made = desk.up("clouds", *desk.settings("clouds"))
    near, far = made["outputs"]["networks"]
    assert alt.network.get_network(far).project_id == alt.current_project_id
    assert desk.hand.network.get_network(near).project_id == desk.hand.current_project_id
    alt.network.update_network(far, name="by-hand")
    desk.hand.network.update_network(near, name="by-hand")
    drift = desk.run("stack", "drift", "program/clouds/dev")
    assert {(one["cloud"], one["id"], one["stack"]) for one in drift["findings"]} == {
        ("sandbox", near, "program/clouds/dev"),
        ("sandbox-alt", far, "program/clouds/dev"),
    }
    moved = ops(desk.up("clouds", *config(elsewhere="sandbox")))
    assert moved == {"openstack elsewhere": "replace", "Network far-net": "replace", "Subnet far-subnet": "replace"}
    assert alt.network.find_network("far-net") is None
    desk.up("clouds", *desk.settings("clouds"))
    desk.destroy("clouds")
    assert [alt.network.find_network("far-net"), desk.hand.network.find_network("near-net")] == [None, None]


def test_a_program_that_was_put_in_order_keeps_its_resources(desk: Desk) -> None:
    before = desk.up("refactored")
    desk.changes()
    after = desk.up("refactored", *config(after="true"))
    assert ops(after) == {"Site site": "create"}
    assert {one["renamed_from"].rpartition("::")[2] for one in after["operations"]} == {
        "", "group", "part", "part-net", "part-sub",
    }  # fmt: skip
    assert desk.changes() == 0
    assert after["outputs"] == before["outputs"]
    assert ops(desk.up("refactored", *config(after="true"))) == {}
    desk.destroy("refactored")
    assert desk.hand.network.find_network("segment") is None


def test_what_has_no_name_gets_one_and_keeps_it(desk: Desk) -> None:
    foretold = {
        one["inputs"]["name"] for one in desk.preview("nameless")["operations"] if one["type"].startswith("openstack:")
    }
    assert all(re.fullmatch(r"(site|gate|key)-[0-9a-f]{7}", name) for name in foretold)
    first = desk.up("nameless")
    assert set(first["outputs"]["names"]) == foretold
    assert {name for name in foretold if name.startswith("site")} <= desk.networks()
    assert desk.changes() == 3
    again = desk.up("nameless", *config(description="changed"))
    assert ops(again) == {"SecGroup gate": "update"}
    assert again["outputs"] == first["outputs"]
    renewed = desk.up("nameless", *config(description="changed", key=KEYS[1]))
    assert ops(renewed) == {"Keypair key": "replace"}
    assert len(set(renewed["outputs"]["names"]) & foretold) == 2
    desk.destroy("nameless")


def test_another_trigger_renews_what_is_bound_to_it_and_what_goes_with_it_needs_no_call(desk: Desk) -> None:
    first = desk.up("bound", *config(round=1))
    _calls(desk)
    second = desk.up("bound", *config(round=2))
    assert ops(second) == {"SecGroup group": "replace", "SecGroupRule rule": "replace", "Network net": "replace"}
    reasons = {one["urn"].rpartition("::")[2]: set(one["diff"]) for one in second["operations"] if one["diff"]}
    assert reasons == {
        "group": {"replacementTrigger"},
        "rule": {"deletedWith", "securityGroupId"},
        "net": {"replaceWith"},
    }
    assert not set(second["outputs"]["made"]) & set(first["outputs"]["made"])
    assert _calls(desk) == {"POST": 3, "DELETE": 2}
    assert desk.hand.network.find_security_group(first["outputs"]["made"][0]) is None
    desk.destroy("bound")
    assert _calls(desk) == {"DELETE": 2}


def test_a_difference_that_is_hidden_is_counted_and_made_but_not_shown(desk: Desk) -> None:
    desk.up("bound", *config(round=1, description="was-so"))
    changed = config(round=1, description="is-so")
    shown = desk.type("program", "preview", HERE / "bound", "--stack", "dev", "--cloud", "sandbox", *changed)
    assert shown.exit_code == 0, shown.exception
    assert "description: [hidden]" in shown.stdout
    assert "-so" not in shown.stdout
    assert ops(desk.up("bound", *changed)) == {"SecGroup group": "update"}
    assert desk.hand.network.find_security_group("bound-group").description.startswith("is-so")


def test_what_takes_longer_than_its_own_limit_fails_and_is_gone_on_with(desk: Desk) -> None:
    words = config(round=1, volume="true")
    desk.simulated.ask("POST", "/latency", {"latency": "held"})
    with pytest.raises(Failed, match="Volume::volume"):
        desk.up("bound", *words)
    desk.simulated.ask("POST", "/latency", {"latency": "zero"})
    desk.up("bound", *words)
    assert [volume.status for volume in desk.hand.block_storage.volumes(name="bound-volume")] == ["available"]
    assert ops(desk.up("bound", *words)) == {}


def _calls(desk: Desk) -> dict[str, int]:
    """Calls that changed something since this was asked last, by their method."""
    made = Counter[str]()
    for one in desk.simulated.ask("GET", "/counts")["calls"]:
        if one["service"] == "network" and one["method"] in {"POST", "PUT", "DELETE"}:
            made[one["method"]] += one["count"]
    desk.simulated.ask("DELETE", "/counts")
    return dict(made)
