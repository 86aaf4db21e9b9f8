"""Carries the plan out, and keeps a record of what really happened and when."""

import signal
import threading
import time
from collections.abc import Iterable

from tests.chaos.plan import Fault
from tests.chaos.world import World

LATENCY = 0.15
#: Seconds in which a process is still starting.
STARTING = 15.0


class Faults:
    """`run` returns when all faults are over and undone. `record` holds (begin, end, text) in seconds after the start."""

    def __init__(self, world: World, log):
        self.world = world
        self.log = log
        self.record: list[tuple[float, float, str]] = []
        self.failures: list[str] = []
        self._under_way: set[str] = set()

    def run(self, plan: Iterable[Fault]) -> None:
        """Every fault begins at its time, in a thread of its own, so that a slow one delays no other."""
        self._start = time.monotonic()
        threads = []
        for fault in plan:
            time.sleep(max(0.0, self._start + fault.at - time.monotonic()))
            threads.append(threading.Thread(target=self._carry_out, args=(fault,), daemon=True))
            threads[-1].start()
        for thread in threads:
            thread.join()

    def _carry_out(self, fault: Fault) -> None:
        begin = time.monotonic() - self._start
        text = f"{fault.action} {fault.target}"
        if fault.target in self._under_way:
            # An orderly end or a start took longer than planned.
            self.log(f"{begin:6.1f} s  no {text}: the fault before it is not over")
            return
        self._under_way.add(fault.target)
        self.log(f"{begin:6.1f} s  {text} for {fault.seconds} s")
        try:
            getattr(self, f"_{fault.family}")(fault)
        except Exception as error:
            # The run goes on; a fault that could not be carried out is no reason to trust the rest less, but it must be seen.
            self.failures.append(f"{text}: {type(error).__name__}: {error}")
            self.log(f"could not {self.failures[-1]}")
        finally:
            self._under_way.discard(fault.target)
        self.record.append((round(begin, 1), round(time.monotonic() - self._start, 1), text))

    def _process(self, fault: Fault) -> None:
        process, supervisor = self.world.processes[fault.target], self.world.supervisor
        if fault.action == "freeze":
            process.stop()
            time.sleep(fault.seconds)
            process.cont()
            return
        supervisor.hold(fault.target)
        try:
            if fault.action == "kill":
                process.kill()
            else:
                young = time.monotonic() - supervisor.started[fault.target] < STARTING
                code = process.terminate(30)
                # Before a process has said what is to be done on SIGTERM, it simply ends.
                if code != 0 and not (young and code == -signal.SIGTERM):
                    self.failures.append(f"{fault.target} answered SIGTERM with exit code {code}")
            time.sleep(fault.seconds)
        finally:
            supervisor.release(fault.target)

    def _link(self, fault: Fault) -> None:
        link = self.world.links[fault.target]
        if fault.action == "latency":
            link.latency = LATENCY
            time.sleep(fault.seconds)
            link.latency = 0.0
            return
        getattr(link, fault.action)()
        time.sleep(fault.seconds)
        link.heal()

    def _server(self, fault: Fault) -> None:
        server = getattr(self.world, fault.target)
        if fault.action == "restart":
            server.restart()
        elif fault.action == "freeze":
            server.stop()
            time.sleep(fault.seconds)
            server.cont()
        else:
            server.kill()
            time.sleep(fault.seconds)
            server.start()
