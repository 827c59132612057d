"""A fork server that many tests share, so that torch is loaded once for all of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from guigrad.run.host import ForkServer


class KeptServer(ForkServer):
    """Stays when the runner that uses it closes; every runner gets children of its own."""

    def close(self) -> None:
        """Keeps the server."""

    def end(self) -> None:
        """Ends the server."""
        super().close()


def kept(engine: str, memory_bytes: int | None = None) -> Iterator[KeptServer | None]:
    """A server that is up, and ends afterwards: the body of a module's fixture. None where there are no fork servers."""
    if sys.platform != "linux":
        yield None
        return
    server = KeptServer(engine, memory_bytes)
    child = server.start()
    child.kill()
    child.wait()
    yield server
    server.end()
