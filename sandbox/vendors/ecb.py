"""The shops' order exports."""

from fastapi import APIRouter

from sandbox.state import Sandbox


def router(sandbox: Sandbox) -> APIRouter:
    """Routes under /shop."""
    return APIRouter()
