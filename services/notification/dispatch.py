"""The sending side of the process: for each channel a lane that claims, calls and records; beside them the desk that takes receipts.

A lane keeps three steps apart. Claim: rows become `sending`, committed. Call: outside of any transaction, by a few workers at once.
Record: results in batches. If the process dies after the claim, nobody knows, and the row becomes unknown when its lease is over; so
nothing is claimed before a worker is free to call.
"""

import math
import queue
import random
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from services.chassis import database, logs
from services.chassis.database import DatabaseUnavailable
from services.chassis.seal import SealError
from services.notification import metrics, sending
from services.notification.events import SOURCE
from services.notification.message import Quiet
from services.notification.outbound import Claim, Result
from services.notification.outcome import Later, Lost, Outcome, Patience, Refused
from services.notification.senders.base import Letter, Sender
from services.notification.senders.smpp_codes import Receipt
from services.notification.senders.smpp_session import Acknowledge
from services.notification.template import TemplateRefused, TemplateUnknown

log = logs.get()
_RECORD_AT_ONCE = 100
_GATHER_SECONDS = 0.05
#: While more keeps coming, what is in hand is stored after this time at the latest: a killed process takes no more with it.
_GATHER_AT_MOST_SECONDS = 0.5
#: Few large claims cost less than many small ones: workers that become free one after the other within this time are claimed for at once.
_TOGETHER_SECONDS = 0.01
#: While more than half of the workers are busy, others are waited for so long: where they wait for the rate limit, nothing is lost by it.
_COMPANY_SECONDS = 0.1
_AWAY_SECONDS = 1.0
_SWEEP_SECONDS = 5.0
_SOON_SECONDS = 0.2
_REFUSED_MOST = 30

Compose = Callable[[Claim], Letter]
Clock = Callable[[], datetime]


def jitter() -> float:
    """A random share from 0 to 1: spreads load, keeps no secret."""
    return random.random()  # noqa: S311


class Lane:
    """One channel. `workers` calls are under way at once, and no message is claimed that would wait for one of them."""

    def __init__(
        self,
        channel: str,
        sender: Sender,
        compose: Compose,
        *,
        clock: Clock,
        quiet: Quiet,
        patience: Patience,
        lease: timedelta,
        workers: int,
        poll_seconds: float,
    ) -> None:
        self.channel = channel
        self.sender = sender
        self._compose = compose
        self._clock = clock
        self._quiet = quiet
        self._patience = patience
        self._lease = lease
        self._workers = workers
        self._poll_seconds = poll_seconds
        self._claimed: queue.Queue[Claim | None] = queue.Queue()
        self._done: queue.Queue[Result | None] = queue.Queue()
        self._lock = threading.Lock()
        self._held = 0
        self._stopping = threading.Event()
        # Set when a worker has nothing to do, and when it is time to stop.
        self._hungry = threading.Event()

    def run(self) -> None:
        """Works until `stop`; then what is being sent is finished and recorded, and what is not begun is given back."""
        workers = [_thread(self._work, f"{self.channel}-worker") for _ in range(self._workers)]
        recorder = _thread(self._record, f"{self.channel}-recorder")
        while not self._stopping.is_set():
            try:
                rest = self._claim()
            except DatabaseUnavailable:
                rest = _AWAY_SECONDS
            except Exception:
                # Unforeseen. A lane that ended here would leave a process that looks well and sends nothing.
                log.exception("claim_failed", channel=self.channel)
                rest = _AWAY_SECONDS
            self._hungry.wait(rest)
        for _ in workers:
            self._claimed.put(None)
        for worker in workers:
            worker.join()
        self._done.put(None)
        recorder.join()
        self.sender.close()

    def stop(self) -> None:
        """Has `run` return soon."""
        self._stopping.set()
        self._hungry.set()

    def _claim(self) -> float:
        """Claims what the workers can take; returns for how many seconds there is nothing to do."""
        self._hungry.clear()
        if self._held == self._workers:
            return self._poll_seconds
        self._gather_workers()
        if self._stopping.is_set():
            return 0.0
        if not self.sender.ready():
            return self._pause()
        room = self._workers - self._held
        claims = sending.claim(self.channel, limit=room, now=self._clock(), quiet=self._quiet)
        with self._lock:
            self._held += len(claims)
        for each in claims:
            self._claimed.put(each)
        return 0.0 if len(claims) == room else self._pause()

    def _gather_workers(self) -> None:
        """Waits a moment for more workers to be claimed for."""
        ending = time.monotonic() + _COMPANY_SECONDS
        while self._held > self._workers / 2 and (left := ending - time.monotonic()) > 0:
            self._hungry.wait(left)
            if self._stopping.is_set():
                return
            self._hungry.clear()
        if self._held:
            self._stopping.wait(_TOGETHER_SECONDS)

    def _pause(self) -> float:
        """Nothing to claim: the workers' hunger is no news until it is time to look again."""
        self._stopping.wait(self._poll_seconds)
        return 0.0

    def _work(self) -> None:
        while (claim := self._claimed.get()) is not None:
            outcome = self._try(claim)
            self._done.put(
                sending.result(claim, outcome, now=self._clock(), patience=self._patience, jitter=jitter())
            )
            with self._lock:
                self._held -= 1
            self._hungry.set()

    def _try(self, claim: Claim) -> Outcome:
        if self._stopping.is_set():
            return Later("stopping", counts=False, delay=0)
        if self._clock() - claim.claimed_at > self._lease / 2:
            # It lay here for so long that another replica may soon give it up; it has not been sent.
            return Later("claim_aged", counts=False, delay=0)
        try:
            letter = self._compose(claim)
        except TemplateUnknown as error:
            # While a release rolls out, a replica of the one before may claim it. Whoever tries next may have it.
            return Later(error.code)
        except (TemplateRefused, sending.Unreachable) as error:
            return Refused(error.code)
        except SealError:
            return Refused("contact_unreadable")
        except Exception:
            log.exception("message_not_composed", message_id=claim.id)
            return Later("internal_error")
        started = time.monotonic()
        try:
            return self.sender.send(letter)
        except Exception:
            # A sender does not raise. If one does, the call may have been made.
            log.exception("sender_failed", message_id=claim.id)
            return Lost("internal_error")
        finally:
            metrics.provider_seconds.labels(self.channel).observe(time.monotonic() - started)

    def _record(self) -> None:
        open_ = True
        while open_:
            results, open_ = _gather(self._done)
            if results:
                _until_stored(lambda results=results: sending.record(results, now=self._clock()))


class ReceiptDesk:
    """Takes the receipts that senders hand in, in batches; each is acknowledged to the provider once it is stored."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._arrived: queue.Queue[tuple[Receipt, int, Acknowledge] | None] = queue.Queue()

    def hand_in(self, receipt: Receipt, number: int, acknowledge: Acknowledge) -> None:
        """Called by a sender's reader; returns at once."""
        self._arrived.put((receipt, number, acknowledge))

    def run(self) -> None:
        """Works until `stop`."""
        open_, soon = True, False
        arrived: list[tuple[Receipt, int, Acknowledge]] = []
        while open_:
            # A receipt is often as quick as the recording of its message: then another look follows soon.
            more, open_ = _gather(self._arrived, _SOON_SECONDS if soon else _SWEEP_SECONDS)
            arrived += more
            receipts = [receipt for receipt, _, _ in arrived]
            try:
                soon = database.retrying(sending.take_receipts, receipts, now=self._clock())
            except DatabaseUnavailable:
                # Kept here, and not acknowledged: if this process dies, the provider sends them again.
                soon = True
                continue
            except Exception:
                log.exception("receipts_not_stored", receipts=len(receipts))
            else:
                _acknowledge(arrived)
            arrived = []

    def stop(self) -> None:
        """Has `run` return once what has arrived is stored."""
        self._arrived.put(None)


class Dispatch:
    """All lanes and the desk: what runs beside the subscriptions in every replica."""

    def __init__(self, lanes: list[Lane], desk: ReceiptDesk) -> None:
        self.lanes = lanes
        self.desk = desk

    def run(self) -> None:
        """Works until `stop`."""
        desk = _thread(self.desk.run, "receipts")
        lanes = [_thread(lane.run, lane.channel) for lane in self.lanes]
        for lane in lanes:
            lane.join()
        self.desk.stop()
        desk.join()

    def stop(self) -> None:
        """Has `run` return once calls under way have ended."""
        for lane in self.lanes:
            lane.stop()


def _thread(work: Callable[[], None], name: str) -> threading.Thread:
    def run() -> None:
        with logs.context(service=SOURCE):
            work()

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


def _gather(source: "queue.Queue[Any]", wait: float | None = None) -> tuple[list[Any], bool]:
    """What a queue holds, after a moment in which more may come; False when its end (None) was reached."""
    found: list[Any] = []
    ending = math.inf
    try:
        while len(found) < _RECORD_AT_ONCE and time.monotonic() < ending:
            each = source.get(timeout=_GATHER_SECONDS if found else wait)
            if each is None:
                return found, False
            if not found:
                ending = time.monotonic() + _GATHER_AT_MOST_SECONDS
            found.append(each)
    except queue.Empty:
        pass
    return found, True


def _acknowledge(stored: Sequence[tuple[Receipt, int, Acknowledge]]) -> None:
    """Those of one session at once."""
    by_session: dict[Acknowledge, list[int]] = {}
    for _, number, acknowledge in stored:
        by_session.setdefault(acknowledge, []).append(number)
    for acknowledge, numbers in by_session.items():
        acknowledge(numbers)


def _until_stored(store: Callable[[], None]) -> None:
    """Results exist nowhere but here: they are kept until the database takes them.

    Those that it refuses for a reason of its own are given up after a while: their rows become unknown when their lease is over.
    """
    refused = 0
    while refused < _REFUSED_MOST:
        try:
            return database.retrying(store)
        except DatabaseUnavailable:
            log.warning("results_wait_for_the_database")
        except Exception:
            refused += 1
            log.exception("results_not_stored", times=refused)
        time.sleep(_AWAY_SECONDS)
