"""Reading ahead and writing behind: work that goes on in a thread while its maker or user does something else."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")

#: How many items may wait; more would only take memory.
_WAITING = 4
#: How often a thread that waits looks whether it is still needed, in seconds.
_GLANCE = 0.1
#: How long a thread is waited for that is not needed any more.
_PATIENCE = 1.0


class _End:
    """The last item: nothing follows, or an exception."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


class Abandoned(Exception):
    """Said to a writer that what it has written is not wanted any more."""


class Ahead(Generic[Item]):
    """An iterator whose items are made in a thread, a few ahead, from the start; closing it ends the thread."""

    def __init__(self, make: Callable[[], Iterator[Item]]) -> None:
        self._queue: queue.Queue[Item | _End] = queue.Queue(_WAITING)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(make,), daemon=True, name="reading")
        self._thread.start()

    def _run(self, make: Callable[[], Iterator[Item]]) -> None:
        try:
            for item in make():
                if not self._put(item):
                    return
            self._put(_End())
        except BaseException as error:  # noqa: BLE001 - it is raised where the items are taken
            self._put(_End(error))

    def _put(self, item: Item | _End) -> bool:
        while not self._stop.is_set():
            with suppress(queue.Full):
                self._queue.put(item, timeout=_GLANCE)
                return True
        return False

    def __iter__(self) -> Ahead[Item]:
        return self

    def __next__(self) -> Item:
        if self._stop.is_set():
            raise StopIteration
        item = self._queue.get()
        if not isinstance(item, _End):
            return item
        self._stop.set()
        if item.error is not None:
            raise item.error
        raise StopIteration

    def close(self) -> bool:
        """Ends the thread; whether that has worked, since it may wait for a pipe that nobody fills."""
        self._stop.set()
        self._thread.join(timeout=_PATIENCE)
        return not self._thread.is_alive()


class Behind(Generic[Item]):
    """A thread that consumes what it is given, in order."""

    def __init__(self, consume: Callable[[Iterator[Item]], Any]) -> None:
        self._queue: queue.Queue[Item | _End] = queue.Queue(_WAITING)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(consume,), daemon=True, name="writing")
        self._thread.start()

    def _run(self, consume: Callable[[Iterator[Item]], Any]) -> None:
        try:
            consume(self._items())
        except BaseException as error:  # noqa: BLE001 - it is raised where the items are given
            self._error = error

    def _items(self) -> Iterator[Item]:
        while True:
            item = self._queue.get()
            if not isinstance(item, _End):
                yield item
            elif item.error is not None:
                raise item.error
            else:
                return

    def give(self, item: Item | _End) -> None:
        """Gives an item to the thread, waiting while it has enough of them.

        Raises:
            BaseException: what the thread has ended with.
        """
        while self._thread.is_alive():
            with suppress(queue.Full):
                self._queue.put(item, timeout=_GLANCE)
                return
        if self._error is not None:
            raise self._error

    def finish(self) -> None:
        """Waits for the thread to have consumed everything."""
        self.give(_End())
        self._thread.join()
        if self._error is not None:
            raise self._error

    def abandon(self) -> None:
        """Ends the thread, whatever it is at."""
        with suppress(queue.Empty):
            while True:
                self._queue.get_nowait()
        with suppress(queue.Full):
            self._queue.put_nowait(_End(Abandoned()))
        self._thread.join(timeout=10)
