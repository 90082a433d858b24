"""Ctrl-C and SIGTERM end a command at once, in whatever state it is, with one line and the exit code of the signal."""

import os
import select
import signal
import socket
import sys
import threading
from contextlib import suppress

SAID = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
WHOLE = "What was published before is untouched; nothing is lost: the same command goes on from what is stored."


class Ending:
    """Heeds the two signals in a thread of its own: the main one may wait for a vendor, a lock or a query.

    The process ends without unwinding. The lock is the system's and goes with it, what is published is swapped in
    whole, loads can be killed at any moment, and children are tethered (`flows.tethered`).
    """

    def __init__(self) -> None:
        self._told, told = socket.socketpair()
        told.setblocking(False)
        self._telling = told  # kept: a closed one tells nothing
        # Written to as the signal arrives, also where a library has put a handler in place of ours.
        signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
        for number in SAID:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, lambda *_: None)
        threading.Thread(target=self._watch, name="ending", daemon=True).start()

    def _watch(self) -> None:
        while True:
            for number in self._told.recv(1):
                if number in SAID:
                    by = SAID[signal.Signals(number)]
                    # one that never began a refresh has not even loaded it
                    if held := sys.modules.get("flows.one_at_a_time"):
                        held.note_stopped(by)
                    with suppress(OSError):
                        os.write(2, f"Stopped by {by}. {WHOLE}\n".encode())
                    os._exit(128 + number)

    def settle(self) -> None:
        """Before a command ends by itself: where a signal has come first, its exit code is the one that counts."""
        if select.select([self._told], [], [], 0)[0]:
            threading.Event().wait(5)
