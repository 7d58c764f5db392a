"""A system's subnet in a zone: the first free block of the zone's pool, kept until the system has been reclaimed."""

from __future__ import annotations

from ipaddress import IPv4Network

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from controller.domain.city import Zone
from controller.domain.errors import Refused
from controller.store.casework import CidrRow, SystemRow
from controller.store.locks import Lock, stand_in_line


def subnet_of(session: Session, system: SystemRow, zone: Zone) -> IPv4Network:
    """The block of `system` in `zone`, taken from the pool where it has none. Raises Refused where the pool is full."""
    stand_in_line(session, Lock.ALLOCATION)
    if held := subnets_of(session, system).get(zone.code):
        return held
    within = sorted(block for block in session.scalars(select(CidrRow.block)) if block.overlaps(zone.cidr_pool))
    for block in zone.cidr_pool.subnets(new_prefix=zone.prefix):
        while within and within[0].broadcast_address < block.network_address:
            within.pop(0)
        if not within or not within[0].overlaps(block):
            session.add(CidrRow(system_id=system.id, zone=zone.code, block=block))
            session.flush()
            return block
    raise Refused(f"{zone.name}的地址池 {zone.cidr_pool} 已用完", remedy="请在城市目录中扩大该网络分区的 cidr_pool")


def subnets_of(session: Session, system: SystemRow) -> dict[str, IPv4Network]:
    """The blocks that `system` has, by code of the zone."""
    rows = session.scalars(select(CidrRow).where(CidrRow.system_id == system.id))
    return {row.zone: row.block for row in rows}


def release_subnets(session: Session, system: SystemRow) -> None:
    """Gives the blocks of a reclaimed system back."""
    session.execute(delete(CidrRow).where(CidrRow.system_id == system.id))
