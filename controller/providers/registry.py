"""The kinds by Pulumi's type token, and the clouds they act on: what the engine is given as its Provider."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from copy import copy
from threading import Lock

from controller.domain.errors import WrongUse
from controller.domain.place import Place
from controller.engine.properties import PropertyMap
from controller.engine.provider import Held, Kind, View
from controller.engine.provider_resource import CLOUD, ProviderResource
from controller.providers.dynamic.host import DynamicHost
from controller.providers.dynamic.kind import PREFIXES, DynamicKind
from controller.providers.openstack.accounts import Accounts, OwnAccounts
from controller.providers.openstack.connection import Cloud, ProviderSettings
from controller.providers.openstack.floating_ip import FloatingIp
from controller.providers.openstack.floating_ip_association import FloatingIpAssociation
from controller.providers.openstack.functions.function import invoke
from controller.providers.openstack.functions.table import FUNCTIONS
from controller.providers.openstack.gate import Gate
from controller.providers.openstack.instance import Instance
from controller.providers.openstack.keypair import Keypair
from controller.providers.openstack.listener import Listener
from controller.providers.openstack.load_balancer import LoadBalancer
from controller.providers.openstack.member import Member
from controller.providers.openstack.monitor import Monitor
from controller.providers.openstack.network import Network
from controller.providers.openstack.pool import Pool
from controller.providers.openstack.port import Port
from controller.providers.openstack.recognition import Vouch, anyone
from controller.providers.openstack.resource import RestKind
from controller.providers.openstack.router import Router
from controller.providers.openstack.router_interface import RouterInterface
from controller.providers.openstack.security_group import SecurityGroup
from controller.providers.openstack.security_group_rule import SecurityGroupRule
from controller.providers.openstack.server_group import ServerGroup
from controller.providers.openstack.signin import regions_of, require_place
from controller.providers.openstack.subnet import Subnet
from controller.providers.openstack.views import views_of
from controller.providers.openstack.volume import Volume
from controller.providers.openstack.volume_attachment import VolumeAttachment
from controller.providers.random.choice import RandomInteger, RandomShuffle
from controller.providers.random.kind import RandomKind
from controller.providers.random.octets import RandomBytes, RandomId
from controller.providers.random.pet import RandomPet
from controller.providers.random.text import RandomPassword, RandomString
from controller.providers.random.unique import RandomUuid, RandomUuid4, RandomUuid7

KINDS: tuple[RestKind, ...] = (
    Network(),
    Subnet(),
    Router(),
    RouterInterface(),
    SecurityGroup(),
    SecurityGroupRule(),
    ServerGroup(),
    Keypair(),
    Volume(),
    Instance(),
    VolumeAttachment(),
    Port(),
    FloatingIp(),
    FloatingIpAssociation(),
    LoadBalancer(),
    Listener(),
    Pool(),
    Member(),
    Monitor(),
)
"""In the order in which a scan lists them: what owns comes before what is owned."""

RANDOM_KINDS: tuple[type[RandomKind], ...] = (
    RandomBytes,
    RandomId,
    RandomInteger,
    RandomPassword,
    RandomPet,
    RandomShuffle,
    RandomString,
    RandomUuid,
    RandomUuid4,
    RandomUuid7,
)
"""Kinds of what stands in the state alone, so that no scan lists them."""


class Registry:
    """All kinds, on the clouds of clouds.yaml. One for a process, shared by its threads.

    `accounts` hold the budgets of calls that it shares with other processes; without them it has its own. `vouch` is
    asked whether a cloud is the one that is known.
    """

    def __init__(self, settings: ProviderSettings, accounts: Accounts | None = None, vouch: Vouch = anyone) -> None:
        self._settings = settings
        self._vouch = vouch
        self._accounts = accounts or OwnAccounts()
        providers = (ProviderResource("openstack", CLOUD), ProviderResource("random"))
        self._kinds: dict[str, Kind] = {kind.token: kind for kind in KINDS} | {kind.token: kind for kind in providers}
        self._random = {kind.token: kind for kind in RANDOM_KINDS}
        self._clouds: dict[str, Cloud] = {}
        self._gates: dict[str, Gate] = {}
        self._lock = Lock()
        self._host: DynamicHost | None = None

    def hosting(self, host: DynamicHost) -> Registry:
        """The same, for a run of a program whose dynamic providers `host` serves."""
        other = copy(self)
        other._host = host
        return other

    def kind(self, token: str, held: Held | None = None) -> Kind:
        """The kind of `token`, for calls about what the state holds as `held`. Raises WrongUse for an unknown one."""
        if token in self._random:
            return self._random[token](held)
        if token.startswith(PREFIXES):
            return DynamicKind(token, self._host, held)
        if token not in self._kinds:
            raise WrongUse(f"resources of type {token} are not supported", remedy="see docs/adding-a-kind.md")
        return self._kinds[token]

    def kinds(self) -> Sequence[Kind]:
        """Every kind that acts on a cloud, in the order in which a scan lists them."""
        return KINDS

    def invoke(self, token: str, args: PropertyMap, cloud: Cloud) -> PropertyMap:
        """What the function of `token` answers. Raises WrongUse for one that is not known, NoAnswer, Incomplete."""
        if token not in FUNCTIONS:
            raise WrongUse(f"the function {token} is not supported", remedy="docs/engine.md names those that are")
        return invoke(FUNCTIONS[token], cloud, args)

    def cloud(self, name: str) -> Cloud:
        """The connection to the place of that name, made at its first call.

        Raises WrongUse where clouds.yaml has none.
        """
        place = Place.parse(name)
        with self._lock:
            if name not in self._clouds:
                require_place(place)
                if place.entry not in self._gates:
                    self._gates[place.entry] = self._settings.gate(place.entry, self._accounts)
                self._clouds[name] = Cloud(name, self._settings, self._gates[place.entry], self._vouch)
            return self._clouds[name]

    def views(self, entry: str, names: Collection[str]) -> Sequence[View]:
        """The sign-ins that show all that the entry's credentials reach. Raises Incomplete, WrongUse."""
        return views_of(self.cloud(entry), regions_of(entry), names)

    def recognise(self, name: str) -> None:
        """Raises Unfamiliar where the cloud of that name is not the one that was known by it."""
        self.cloud(name).recognise()

    def calls_made(self, name: str) -> int:
        """How many API calls this process has made to the entry that the name begins with."""
        return self.cloud(name).calls_made

    def project(self, name: str) -> str:
        """The project that the credentials of the cloud of that name stand for. Raises Incomplete."""
        return self.cloud(name).project_id

    def settle_seconds(self, name: str) -> float:
        """How long after a request's time-out a lost create may still show up in this cloud's lists."""
        return self._settings.settle_seconds
