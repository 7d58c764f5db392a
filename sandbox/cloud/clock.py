"""Time as the services write it (UTC)."""

from datetime import UTC, datetime, timedelta


def seconds_stamp() -> str:
    """`2026-09-28T08:00:00Z`, as nova, neutron and glance write it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_stamp() -> str:
    """`2026-09-28T08:00:00.123456`, as cinder and nova's attachments write it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def expiry_stamp(lifetime: timedelta) -> str:
    """`2026-09-28T09:00:00.000000Z`: keystone's form of now plus a life time."""
    return (datetime.now(UTC) + lifetime).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
