"""How a listening socket is given up without losing anybody who has connected to it.

Closing a listening socket resets every connection that waits in its queue, although its client is
connected and may have sent a request; with several processes on one port (SO_REUSEPORT) new ones
keep coming until the close. So first the kernel is told to pass over new handshakes here: their
clients try again after a second, and get another process. What has begun is completed and accepted,
and only an empty queue is closed. Where the kernel has no such filter (it is Linux's), connections
that come in the moment between the last look and the close are reset.
"""

import asyncio
import contextlib
import ctypes
import select
import socket
import struct
import sys
from collections.abc import Sequence
from typing import Final

SETTLE_S: Final = 0.25
"""Longer than a handshake that has begun takes to complete, for nearly everybody."""
EMPTY_LIMIT_S: Final = 2.0

_SO_ATTACH_FILTER: Final = 26
# Classic BPF on the TCP header: a segment with SYN and without ACK is dropped, the rest is kept.
_NO_NEW_HANDSHAKES: Final = (
    (0x30, 0, 0, 13),  # load the byte of the flags
    (0x54, 0, 0, 0x12),  # keep ACK and SYN
    (0x15, 0, 1, 0x02),  # SYN alone?
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFF_FFFF),  # keep
)


async def stop_listening(
    servers: Sequence[asyncio.AbstractServer], listeners: Sequence[socket.socket]
) -> None:
    """Accept what has connected to `listeners`, which `servers` serve, and close them."""
    for listener in listeners:
        _pass_over_new_handshakes(listener)
    await asyncio.sleep(SETTLE_S)
    with contextlib.suppress(TimeoutError):  # one that is never empty has no filter: see above
        async with asyncio.timeout(EMPTY_LIMIT_S):
            while _anybody_waits(listeners):  # noqa: ASYNC110 - who accepts has no event for it
                await asyncio.sleep(0)
    for server in servers:
        server.close()
    for listener in listeners:
        listener.close()


def _pass_over_new_handshakes(listener: socket.socket) -> None:
    if not sys.platform.startswith("linux"):
        return
    program = b"".join(struct.pack("HBBI", *one) for one in _NO_NEW_HANDSHAKES)
    buffer = ctypes.create_string_buffer(program)
    option = struct.pack("HL", len(_NO_NEW_HANDSHAKES), ctypes.addressof(buffer))
    with contextlib.suppress(OSError):  # a kernel that has none, or a sandbox: see above
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, option)


def _anybody_waits(listeners: Sequence[socket.socket]) -> bool:
    poll = select.poll()
    for listener in listeners:
        poll.register(listener, select.POLLIN)
    return bool(poll.poll(0))
