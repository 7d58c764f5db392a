"""Runs a stack's program and hears what it registers: process, protocol, project files."""
