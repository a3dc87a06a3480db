"""Doing the next few pieces of work while one waits for the first, in order and bounded."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def read_ahead(work: Iterable[Coroutine[Any, Any, T]], ahead: int) -> AsyncGenerator[T, None]:
    """The results in the order of `work`, at most `ahead` of them under way at once.

    Close it (`contextlib.aclosing`) when it is left early: that cancels what is under way.
    """
    under_way: deque[asyncio.Task[T]] = deque()
    try:
        for piece in work:
            under_way.append(asyncio.create_task(piece))
            if len(under_way) == ahead:
                yield await under_way.popleft()
        while under_way:
            yield await under_way.popleft()
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
