"""Tells which interpreter runs it, and where its program lies."""

from __future__ import annotations

import sys

import pulumi
from lines import LINE

pulumi.export("prefix", sys.prefix)
pulumi.export("line", LINE)
pulumi.export("stack", f"{pulumi.get_project()}/{pulumi.get_stack()}")
