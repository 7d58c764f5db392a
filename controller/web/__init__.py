"""The pages: what stands in the database as people read it in a browser, in zh-CN. They change nothing."""

from controller.web.app import build
from controller.web.loopback import require_loopback

__all__ = ["build", "require_loopback"]
