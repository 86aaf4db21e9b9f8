"""A door to try: an account, a phone, and a clock that tests move."""

import base64
from datetime import timedelta

from services.chassis import database
from services.chassis.clock import new_id
from services.routing.staff import accounts, credentials, sessions, sign_in
from services.routing.staff.session import Life
from services.routing.staff.sessions import Where
from tests.unit.routing.conftest import NOW

LIFE = Life(timedelta(minutes=30), timedelta(hours=1), timedelta(hours=12))
RANIA = "rania@mwi.gov.jo"
PASSWORD = "حصان صحيح بطارية"
HOME = Where("198.51.100.0/24", "Firefox, Android")
#: Hashed once: the tests of waiting are not about hashing.
HASHED = credentials.hash_password(PASSWORD)


class Door:
    """Signs Rania in at the time `.now`."""

    def __init__(self, routing, account_key: str):
        self.now = NOW
        self.keys = credentials.keys(account_key)
        self.rows = routing.rows

    def add(self, subject=RANIA, roles=("officer",), institution="MWI"):
        with database.transaction("routing") as connection:
            accounts.add(connection, subject, roles, institution, HASHED, now=self.now, account_id=new_id())

    def knock(self, password=PASSWORD, where=HOME, subject=RANIA):
        """The half that is signed in, "refused", or the seconds to wait."""
        with database.transaction("routing") as connection:
            started = sign_in.start(
                connection, subject, where, keys=self.keys, now=self.now, attempt=new_id()
            )
        if started.wait:
            return started.wait.total_seconds()
        if started.password_hash is None or password != PASSWORD:
            return "refused"
        with database.transaction("routing") as connection:
            return sign_in.password_was_right(connection, started, keys=self.keys, now=self.now)

    def show(self, ticket, code, where=HOME):
        """What comes of a code."""
        with database.transaction("routing") as connection:
            return sign_in.enter(
                connection, ticket, code, where, keys=self.keys, life=LIFE, now=self.now, new_id=new_id
            )

    def resume(self, session, **changes):
        with database.transaction("routing") as connection:
            return sessions.resume(connection, session, life=LIFE, now=self.now, **changes)

    def enrol(self):
        """Signs in for the first time: (what came of it, the secret of the phone)."""
        half = self.knock()
        secret = base64.b32decode(half.enrolment.secret)
        return self.show(half.ticket, self.code(secret)), secret

    def code(self, secret):
        return credentials._totp(secret).generate(int(self.now.timestamp())).decode()

    def come_in(self, secret, where=HOME):
        """Signs in anew, by a code that was not used yet."""
        self.now += timedelta(seconds=60)
        return self.show(self.knock(where=where).ticket, self.code(secret), where)

    def attack(self, places=30, subject=RANIA):
        """Wrong passwords from many places."""
        for number in range(places):
            self.knock("wrong", Where(f"10.0.{number}.0/24", "x"), subject)
