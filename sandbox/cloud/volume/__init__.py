"""Cinder v3 up to microversion 3.70: volumes, types, snapshots, backups, attachments, groups, transfers.

Nova's requests come through `attaching`.
"""

from sandbox.cloud.volume.service import VOLUME_SERVICE

__all__ = ["VOLUME_SERVICE"]
