"""PostgreSQL: one engine per process and service, one way to a transaction, time limits on everything.

What makes the driver fit for green threads is driver.py.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import eventlet
import psycopg2
import psycopg2.extensions
import sqlalchemy
from sqlalchemy import event, exc

from services.chassis import driver, metrics, settings
from services.chassis.settings import setting

T = TypeVar("T")

OVERFLOW = 4
"""Connections that a pool may open beyond DATABASE_POOL_SIZE while it is asked for more."""

_DEADLOCK = "40P01"
_SERIALIZATION = "40001"
_AWAY_CLASSES = ("08", "53", "57", "58")
_READ_ONLY = "25006"
# SQLAlchemy lets the driver's own errors out where it resets a connection on its way back into the pool.
_BARE = (psycopg2.OperationalError, psycopg2.InterfaceError)
_SLOW = ("57014", "55P03")
_engines: dict[str, sqlalchemy.Engine] = {}
_singles: dict[str, sqlalchemy.Engine] = {}


class DatabaseUnavailable(Exception):
    """The database cannot be reached or did not answer in time. Whether a commit that was under way happened is not known."""


class DatabaseSlow(DatabaseUnavailable):
    """One statement or one lock took longer than its limit; the server itself is there. For a client that is the same: try later."""


class DriverBlocks(RuntimeError):
    """A query stops the whole process until its answer has come: no request, heartbeat or timer runs meanwhile."""


@dataclass(frozen=True)
class Settings:
    """Settings of a service's connections."""

    url: str = setting(
        "DATABASE_URL_{SERVICE}", "PostgreSQL address of the service, as its own role.", secret=True
    )
    pool_size: int = setting(
        "DATABASE_POOL_SIZE", "Connections that a service process keeps.", default=14, kind=int, least=2
    )
    statement_seconds: float = setting(
        "DATABASE_STATEMENT_SECONDS",
        "The longest that one statement may take.",
        default=15.0,
        kind=float,
        least=0.1,
    )
    lock_seconds: float = setting(
        "DATABASE_LOCK_SECONDS", "The longest wait for a row lock.", default=10.0, kind=float, least=0.1
    )
    wait_seconds: float = setting(
        "DATABASE_WAIT_SECONDS",
        "The longest silence of the server before it counts as away; above the statement limit.",
        default=20.0,
        kind=float,
        least=0.5,
    )


def engine(service: str) -> sqlalchemy.Engine:
    """The engine of `service` in this process; its search_path is the service's schema. Raises SettingError."""
    found = _engines.get(service)
    if found is None:
        found = _engines[service] = _create(service, settings.load(Settings, service=service))
    return found


def forget() -> None:
    """Closes all engines and forgets them. For tests that change the environment, and at the end of a process."""
    for each in [*_engines.values(), *_singles.values()]:
        each.dispose()
    _engines.clear()
    _singles.clear()


@contextmanager
def transaction(service: str) -> Iterator[sqlalchemy.Connection]:
    """One transaction: commits when the block ends, rolls back when it raises.

    Raises DatabaseUnavailable when the database is away or too slow; what the block itself raises passes through. After the commit
    it runs what `after_commit` was given in the block.
    """
    with available(service), engine(service).begin() as connection:
        _forget_callbacks(connection)
        yield connection
        callbacks = connection.info.pop("after_commit", ())
    for callback in callbacks:
        callback()


@contextmanager
def single(service: str) -> Iterator[sqlalchemy.Connection]:
    """Like `transaction`, but each statement is a transaction of its own: for a change that is one statement, since it saves
    the round trips of BEGIN and COMMIT, which cost it a third.
    """
    with available(service), _autocommitting(service).connect() as connection:
        _forget_callbacks(connection)
        yield connection
        callbacks = connection.info.pop("after_commit", ())
    for callback in callbacks:
        callback()


def _autocommitting(service: str) -> sqlalchemy.Engine:
    # Connections of their own that stay in this mode: to switch one there and back costs a round trip each time.
    found = _singles.get(service)
    if found is None:
        wanted = settings.load(Settings, service=service)
        found = _singles[service] = _create(
            service, wanted, isolation_level="AUTOCOMMIT", pool_reset_on_return=None
        )
    return found


def _forget_callbacks(connection: sqlalchemy.Connection) -> None:
    # They hang on the driver's connection, which the pool hands on: what a transaction that was rolled back left must not run here.
    connection.info.pop("after_commit", None)


def after_commit(connection: sqlalchemy.Connection, callback: Callable[[], None]) -> None:
    """Has `callback` run once after what `transaction` or `single` opened was committed. It must not raise."""
    waiting = connection.info.setdefault("after_commit", [])
    if callback not in waiting:
        waiting.append(callback)


@contextmanager
def available(service: str) -> Iterator[None]:
    """Translates the driver's ways of saying that the database is away into DatabaseUnavailable."""
    try:
        yield
    except (exc.OperationalError, exc.InterfaceError, exc.InternalError, exc.TimeoutError, *_BARE) as error:
        if sqlstate(error) in _SLOW:
            raise DatabaseSlow(sqlstate(error)) from None
        if not is_away(error):
            raise
        metrics.database_unavailable_total.labels(service).inc()
        raise DatabaseUnavailable(sqlstate(error) or type(error).__name__) from None


def is_away(error: Exception) -> bool:
    """Whether the error says that the server is away, overloaded, read-only after a fail-over, or out of time."""
    if isinstance(error, (DatabaseUnavailable, exc.TimeoutError, *_BARE)):
        return True
    if not isinstance(error, exc.DBAPIError):
        return False
    state = sqlstate(error)
    if state is None:
        return error.connection_invalidated or isinstance(error, (exc.OperationalError, exc.InterfaceError))
    return state[:2] in _AWAY_CLASSES or state == _READ_ONLY


def sqlstate(error: BaseException) -> str | None:
    """The five-character SQLSTATE of a driver error, or None."""
    return getattr(getattr(error, "orig", None), "pgcode", None)


def has_lost(error: BaseException) -> bool:
    """Whether the error says that a transaction lost against another (deadlock, serialization failure): nothing of it took effect."""
    return sqlstate(error) in (_DEADLOCK, _SERIALIZATION)


def retrying(function: Callable[..., T], *args: Any, attempts: int = 5, **kwargs: Any) -> T:
    """Runs `function` again when its transaction lost against another (deadlock, serialization failure)."""
    for attempt in range(1, attempts + 1):
        try:
            return function(*args, **kwargs)
        except exc.DBAPIError as error:
            if not has_lost(error) or attempt == attempts:
                raise
            eventlet.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 - jitter, not a secret.
    raise AssertionError("unreachable")


def safe_text(error: BaseException) -> str:
    """What may be kept of an error: its class, and the first line of a database's message, which names constraints and no values."""
    state = sqlstate(error)
    if state is not None:
        first = str(error.orig).strip().splitlines()[0][:160] if getattr(error, "orig", None) else ""
        # Messages of class 22 (data exception) quote the input; the others name tables, columns and constraints.
        return f"{type(error).__name__} {state}" if state.startswith("22") else f"{state} {first}"
    return type(error).__name__


def prove_concurrency(service: str) -> None:
    """Start-up self-test: while one green thread waits for the server, others run.

    Raises DriverBlocks when the driver stops the whole process instead, and DatabaseUnavailable when the server cannot be asked.
    """
    with transaction(service) as connection:
        # Long enough that the answer is not there yet when the driver first looks for it. Nothing is timed: either this green thread
        # runs before the answer has come, or it does not.
        nap = eventlet.spawn(connection.exec_driver_sql, "SELECT pg_sleep(0.05)")
        eventlet.sleep(0)
        ran_beside = not nap.dead
        nap.wait()
    if not ran_beside:
        raise DriverBlocks("the database driver blocks the event loop; is the process monkey-patched first?")


def _create(service: str, wanted: Settings, **options: Any) -> sqlalchemy.Engine:
    address = sqlalchemy.make_url(wanted.url)
    if address.drivername == "postgresql":
        address = address.set(drivername="postgresql+psycopg2")
    if eventlet.patcher.is_monkey_patched("socket"):
        psycopg2.extensions.set_wait_callback(driver.waiter(wanted.wait_seconds))
    limits = {
        "search_path": service,
        "statement_timeout": int(wanted.statement_seconds * 1000),
        "lock_timeout": int(wanted.lock_seconds * 1000),
        "idle_in_transaction_session_timeout": 60_000,
        # A backend whose client has given up must let go of its locks, and not only when it next has something to say.
        "client_connection_check_interval": 1000,
        # A client whose machine is gone says nothing more; else the server would keep its locks, those of leaders too, for hours.
        "tcp_keepalives_idle": 15,
        "tcp_keepalives_interval": 5,
        "tcp_keepalives_count": 3,
        "tcp_user_timeout": 15_000,
        "timezone": "UTC",
    }
    created = sqlalchemy.create_engine(
        address,
        pool_size=wanted.pool_size,
        max_overflow=OVERFLOW,
        pool_timeout=5,
        pool_use_lifo=True,
        # Parameters are people's data: they must not be in an exception's text.
        hide_parameters=True,
        connect_args={
            "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
            "connect_timeout": 5,
            "application_name": f"bekhedmetkom-{service}",
            "tcp_user_timeout": 10_000,
            "keepalives_idle": 15,
            "keepalives_interval": 5,
            "keepalives_count": 3,
        },
        **options,
    )
    event.listen(created, "do_connect", driver.connect)
    event.listen(created, "checkout", driver.refuse_dead)
    metrics.database_pool_in_use.labels(service).set_function(lambda: _in_use(service))
    return created


def _in_use(service: str) -> int:
    return sum(kind[service].pool.checkedout() for kind in (_engines, _singles) if service in kind)
