"""What the environment says about proxies and certificates holds, host by host."""

from __future__ import annotations

from typing import Any

import pytest

from controller.providers.openstack.transport import Transport


@pytest.fixture
def transport(monkeypatch: pytest.MonkeyPatch) -> Transport:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inside.example")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/of-the-cloud.pem")
    return Transport(4)


def settings(transport: Transport, url: str, *, verify: Any = True, stream: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = transport.merge_environment_settings(url, {}, stream, verify, None)
    return found


def test_a_host_outside_is_reached_through_the_proxy_and_one_inside_directly(transport: Transport) -> None:
    assert settings(transport, "https://api.example/v3")["proxies"]["https"] == "http://proxy.example:3128"
    assert "https" not in settings(transport, "https://inside.example/v3")["proxies"]


def test_a_kept_answer_is_the_same_for_every_path_of_the_host(transport: Transport) -> None:
    first = settings(transport, "https://api.example/servers")
    assert settings(transport, "https://api.example/volumes?limit=1") == first


def test_the_bundle_of_the_environment_stands_in_for_the_default_only(transport: Transport) -> None:
    assert settings(transport, "https://api.example")["verify"] == "/etc/ssl/of-the-cloud.pem"
    assert settings(transport, "https://api.example", verify="/own.pem")["verify"] == "/own.pem"
    assert settings(transport, "https://api.example", verify=False)["verify"] is False


def test_streaming_is_told_by_each_request(transport: Transport) -> None:
    assert settings(transport, "https://api.example", stream=False)["stream"] is False
    assert settings(transport, "https://api.example", stream=True)["stream"] is True
