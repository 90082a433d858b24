"""An assistant: the protocol's own client, over pipes, with the real command."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client, StdioServerParameters

from tests.app.commands import PROJECT


@dataclass
class Served:
    """A running server, and the folder that it reads from."""

    folder: Path
    portal: BlockingPortal
    client: Client

    def call(self, tool: str, **arguments: Any) -> Any:
        result = self.portal.call(self.client.call_tool, tool, arguments)
        assert not result.is_error, result.content
        return result.structured_content

    def refusal(self, tool: str, **arguments: Any) -> str:
        result = self.portal.call(self.client.call_tool, tool, arguments)
        assert result.is_error, result.structured_content
        return str(result.content)


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """`parcours mcp` over the published file of a data folder."""
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "app.cli", "mcp", "--data", str(folder)], cwd=PROJECT
    )
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(Client(command)) as client:
        yield Served(folder, portal, client)
