"""What the protocol offers and the engine does not support is refused by name; what it supports is read right."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import grpc
import pytest
from google.protobuf import empty_pb2
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, resource_pb2, resource_pb2_grpc

from controller.domain.errors import Refused, YunguanError
from controller.engine.program import messages
from controller.engine.program.components import Packages
from controller.engine.program.monitor import Monitor
from controller.engine.properties import UNKNOWN
from controller.engine.registration import Registered, Registration, Result
from controller.engine.stack_names import pulumi_stack_name
from controller.engine.urn import Urn
from tests.engine.runs import Notes, run

MONITOR = "pulumi.runtime.settings.get_monitor()"
ENGINE = "pulumi.runtime.settings.get_engine()"
UNSUPPORTED = [
    (
        f"from pulumi.runtime.proto import engine_pb2\n{ENGINE}.StartDebugging(engine_pb2.StartDebuggingRequest())",
        "debugging",
    ),
    (
        "from pulumi.runtime.proto import resource_pb2\n"
        f"{MONITOR}.RegisterPackage(resource_pb2.RegisterPackageRequest(name='aws'))",
        "package aws",
    ),
    ("pulumi.runtime.call('t:m:do', {})", "a method needs its package, and t is none of this project"),
    (
        "pulumi.ComponentResource('t:m:Remote', 'r', {}, remote=True)",
        "a component that a provider builds needs its package, and t is none",
    ),
    ("pulumi.ProviderResource('t', 'p', {}, ResourceOptions(env_var_mappings={'A': 'B'}))", "envVarMappings"),
    ("Thing('a', ResourceOptions(state_migrations=[lambda args: None]))", "state migrations"),
    ("Thing('a', of=pulumi.RemoteAsset('https://x'))", "a remote asset"),
    ("Thing('a', of=pulumi.AssetArchive({'x': pulumi.RemoteArchive('https://x')}))", "a remote archive"),
]


@pytest.mark.parametrize(("body", "what"), UNSUPPORTED)
def test_what_is_not_supported_is_refused_by_name(body: str, what: str) -> None:
    notes = Notes()
    with pytest.raises(YunguanError, match=what):
        run(body, notes)
    assert {name for name in notes.registrations if not name.startswith("snippet")} <= {"b"}


def test_two_resources_of_one_name_are_refused() -> None:
    with pytest.raises(Refused, match="called 'twin'") as refusal:
        run("Thing('twin'); Thing('twin')", Notes())
    assert refusal.value.where.endswith("t:m:Thing::twin")


def test_one_name_under_two_parents_or_types_is_two_resources() -> None:
    notes = Notes()
    run("Group('x'); Thing('x'); Thing('y', ResourceOptions(parent=Group('g')))", notes)
    assert notes["x"].urn != notes["y"].urn


@pytest.mark.parametrize("timeout", ["soon", "10", "-5s", ""])
def test_malformed_duration_is_refused(timeout: str) -> None:
    body = f"Thing('a', ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create={timeout!r})))"
    if timeout:
        with pytest.raises(Refused, match="no duration"):
            run(body, Notes())
    else:
        run(body, Notes())


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59))
def test_durations_are_read_in_seconds(hours: int, minutes: int, seconds: int) -> None:
    assert messages.seconds(f"{hours}h{minutes}m{seconds}s", "urn") == hours * 3600 + minutes * 60 + seconds


codes = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)


@given(st.tuples(codes, codes, codes, codes), st.tuples(codes, codes, codes, codes))
def test_stacks_of_different_names_have_different_urns(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    names = ["{}/{}/{}.{}".format(*parts) for parts in (one, other)]
    urns = [Urn.of_stack("p", pulumi_stack_name(name)) for name in names]
    assert (names[0] == names[1]) is (urns[0] == urns[1])


def test_other_clients_of_the_protocol_are_answered() -> None:
    """What an older SDK, or one of another language, asks before it registers anything."""
    with (
        Monitor(
            Notes(), project="p", stack="s", preview=True, folder=Path(), packages=Packages(), cancelled=Event()
        ) as monitor,
        grpc.insecure_channel(monitor.address) as to,
    ):
        resources, engine = resource_pb2_grpc.ResourceMonitorStub(to), engine_pb2_grpc.EngineStub(to)
        deployment = resources.GetDeploymentInfo(empty_pb2.Empty())
        assert (deployment.project, deployment.stack, deployment.dryRun) == ("p", "s", True)
        supported = {
            feature: resources.SupportsFeature(resource_pb2.SupportsFeatureRequest(id=feature)).hasSupport
            for feature in ("secrets", "aliasSpecs", "transforms", "parameterization", "what-comes-next-year")
        }
        assert [feature for feature, has in supported.items() if has] == ["secrets", "aliasSpecs", "transforms"]
        for feature in deployment.supportedFeatures:
            words = (
                resource_pb2.ResourceMonitorFeature.Name(feature).removeprefix("RESOURCE_MONITOR_FEATURE_").split("_")
            )
            old_name = words[0].lower() + "".join(word.capitalize() for word in words[1:])
            assert resources.SupportsFeature(resource_pb2.SupportsFeatureRequest(id=old_name)).hasSupport, old_name
        engine.SetRootResource(engine_pb2.SetRootResourceRequest(urn="urn:x"))
        assert engine.GetRootResource(engine_pb2.GetRootResourceRequest()).urn == "urn:x"
        assert resources.SignalAndWaitForShutdown(empty_pb2.Empty()) == empty_pb2.Empty()


class Failing(Notes):
    """One resource fails, and what needs it is skipped; the program goes on."""

    def register(self, registration: Registration) -> Registered:
        answer = super().register(registration)
        result = {"bad": Result.FAILED, "after": Result.SKIPPED}.get(registration.name, Result.SUCCESS)
        return answer if result is Result.SUCCESS else Registered(UNKNOWN, {}, result)


def test_a_program_goes_on_after_a_failure_with_what_does_not_need_it() -> None:
    notes = Failing()
    result = run(
        """
        bad = Thing('bad')
        after = Thing('after', of=bad.id)
        last = Thing('last', of=after.id)
        Thing('aside')
        bad.id.apply(lambda id: Thing('within'))
        pulumi.export('bad', bad.id)
        """,
        notes,
    )
    assert {"bad", "after", "last", "aside"} <= notes.registrations.keys()
    assert "within" not in notes.registrations
    assert notes["after"].inputs["of"] is UNKNOWN
    assert notes["last"].inputs["of"] is UNKNOWN
    assert result.outputs["bad"] is UNKNOWN


def test_an_sdk_that_cannot_report_results_ends_at_the_first_failure() -> None:
    request = resource_pb2.RegisterResourceRequest(type="t:m:Thing", name="bad", custom=True)
    with (
        Monitor(
            Failing(), project="p", stack="s", preview=False, folder=Path(), packages=Packages(), cancelled=Event()
        ) as monitor,
        grpc.insecure_channel(monitor.address) as to,
    ):
        resources = resource_pb2_grpc.ResourceMonitorStub(to)
        with pytest.raises(grpc.RpcError, match="cannot go on without a resource"):
            resources.RegisterResource(request)


def test_socket_is_for_this_user_alone() -> None:
    with Monitor(
        Notes(), project="p", stack="s", preview=True, folder=Path(), packages=Packages(), cancelled=Event()
    ) as monitor:
        folder = monitor.folder
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


def test_long_temporary_folder_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("deep" * 30)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    notes = Notes()
    run("Thing('a')", notes)
    assert "a" in notes.registrations
