"""How this controller is set up: `YUNGUAN_*` variables, then `yunguan.toml` in the working folder, then the defaults
below.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

DRIVER = "postgresql+psycopg://"


Service = Literal["block-storage", "compute", "identity", "image", "load-balancer", "network"]


class CloudSettings(BaseModel):
    """What one cloud bears; where it says nothing, the settings of all clouds hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    calls_per_second: float | None = Field(default=None, gt=0)
    calls_burst: float | None = Field(default=None, ge=10)
    concurrency: int | None = Field(default=None, gt=0)
    concurrency_of: dict[Service, int] = Field(default={}, description="By service, where it is another number")


class Settings(BaseSettings):
    """Every setting, with its unit and default. Clouds stand in clouds.yaml, which openstacksdk finds by itself."""

    model_config = SettingsConfigDict(env_prefix="YUNGUAN_", toml_file="yunguan.toml", extra="forbid", frozen=True)

    home: Path = Field(
        default=Path(".yunguan"),
        validate_default=True,
        description="Embedded database, estate, evidence, keys and logs",
    )
    database_url: str | None = Field(
        default=None, description="PostgreSQL URL; the embedded server where it is not set"
    )
    request_timeout: float = Field(default=60.0, gt=0, description="Seconds that a call to a cloud may take")
    settle_seconds: float = Field(
        default=30.0, ge=0, description="Seconds after a request's time-out in which a lost create may still show up"
    )
    concurrency: int = Field(default=16, gt=0, description="Calls in flight to one service of a cloud, of a process")
    calls_per_second: float = Field(default=200.0, gt=0, description="Calls a second to a cloud, of all processes")
    calls_burst: float = Field(default=400.0, ge=10, description="Calls to a cloud at once after a quiet time")
    clouds: dict[str, CloudSettings] = Field(
        default={}, description="What clouds bear that differ from the three settings above, by name"
    )
    plan_valid_hours: float = Field(default=72.0, gt=0, description="Hours in which an approval of a plan may be used")
    guard_max_changes: int = Field(default=10, ge=0, description="Deletes and replaces that one repair pass may do")
    guard_max_share: float = Field(
        default=0.3, ge=0, le=1, description="Share of a stack that one repair pass may delete or replace"
    )
    guard_day_changes: int = Field(
        default=50, ge=0, description="Deletes and replaces that repairs on one cloud may do in a day"
    )
    guard_day_share: float = Field(
        default=0.3, ge=0, le=1, description="Share of a cloud's resources that repairs may delete or replace in a day"
    )
    guard_day_changes_everywhere: int = Field(
        default=100, ge=0, description="Deletes and replaces that repairs on all clouds may do in a day"
    )
    guard_day_repairs: int = Field(default=24, ge=0, description="Repairs of one stack in a day")
    guard_gone_share: float = Field(
        default=0.8, ge=0, le=1, description="Share of a cloud above which it is not believed to be missing at once"
    )
    drill: bool = Field(default=False, description="Whether `yunguan clock advance` may move the domain clock")
    scan_minutes: float = Field(default=30.0, gt=0, description="Minutes between full drift scans of a cloud")
    changes_minutes: float = Field(
        default=5.0, ge=0, description="Minutes between looks at what changed on a cloud since; 0: full scans only"
    )
    scan_fresh_minutes: float = Field(
        default=10.0, ge=0, description="Minutes for which the finished kinds of a scan that was cut off count"
    )
    listen_host: str = Field(default="127.0.0.1", description="Address that `yunguan serve` listens on")
    listen_port: int = Field(default=8080, ge=0, le=65535, description="Port that `yunguan serve` listens on")
    metrics_port: int = Field(default=0, ge=0, le=65535, description="Port of a worker's /metrics; 0: none")

    @field_validator("home")
    @classmethod
    def _stands_still(cls, home: Path) -> Path:
        """Seen from the folder in which the process began, wherever it goes later."""
        return home.absolute()

    @field_validator("database_url")
    @classmethod
    def _names_postgresql(cls, url: str | None) -> str | None:
        if not url:
            return None
        if not url.startswith(DRIVER):
            raise ValueError(f"must begin with {DRIVER}")
        try:
            make_url(url)
        except (ValueError, ArgumentError):  # whose words may hold the password
            raise ValueError(f"must be {DRIVER}user:password@host:port/database, the port a number") from None
        return url

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 pydantic calls with it
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 pydantic calls with it
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments before variables before the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)
