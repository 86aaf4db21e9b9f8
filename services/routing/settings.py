"""Settings of routing beyond those of the chassis."""

from dataclasses import dataclass
from datetime import timedelta

from services.chassis.settings import key32, setting
from services.routing.staff.credentials import Cost
from services.routing.staff.session import Life


@dataclass(frozen=True)
class Settings:
    """What routing needs from its environment."""

    seal_key: str = setting(
        "SEAL_PUBLIC_KEY",
        "Public key that officers' contact data is sealed with for notification.",
        kind=key32,
        secret=True,
    )
    intake_seal_key: str = setting(
        "INTAKE_SEAL_PUBLIC_KEY",
        "Public key that replies and questions are sealed with for intake, which shows them to the complainant.",
        kind=key32,
        secret=True,
    )
    names_key: str = setting(
        "ROUTING_SEAL_PRIVATE_KEY",
        "Private key that opens the names of accused persons, which intake sealed to be looked up in the directory.",
        kind=key32,
        secret=True,
    )
    unowned_chunk: int = setting(
        "UNOWNED_CHUNK",
        "How many unowned cases one transaction of the sweep looks at.",
        default=500,
        kind=int,
        least=1,
        most=5000,
    )
    timers_chunk: int = setting(
        "TIMERS_CHUNK",
        "How many cases that are due one transaction of the clock looks at.",
        default=500,
        kind=int,
        least=1,
        most=5000,
    )
    timers_told: int = setting(
        "TIMERS_TOLD",
        "Of how many cases people are told at most, more or less, every two seconds: bounds the flood of messages after an outage.",
        default=500,
        kind=int,
        least=1,
    )


@dataclass(frozen=True)
class AccountSettings:
    """What accounts of staff need."""

    key: str = setting(
        "ACCOUNT_KEY",
        "Key that one-time code secrets are encrypted with and tries to sign in are counted by.",
        kind=key32,
        secret=True,
    )
    idle_minutes: float = setting(
        "SESSION_IDLE_MINUTES",
        "How long a session of staff may go unused before it ends.",
        default=30.0,
        kind=float,
        least=1,
    )
    rotate_minutes: float = setting(
        "SESSION_ROTATE_MINUTES",
        "After how long the id of a session is replaced by a new one.",
        default=60.0,
        kind=float,
        least=1,
    )
    whole_hours: float = setting(
        "SESSION_HOURS",
        "The longest that a session lives, however much it is used.",
        default=12.0,
        kind=float,
        least=0.1,
    )

    argon_passes: int = setting(
        "ARGON2_PASSES",
        "Passes of argon2id over a password. A password that was hashed otherwise is hashed anew when its owner signs in.",
        default=2,
        kind=int,
        least=2,
        most=20,
    )
    argon_memory_mib: int = setting(
        "ARGON2_MEMORY_MIB",
        "Memory of argon2id for one password, in MiB; two are hashed at once.",
        default=19,
        kind=int,
        least=19,
        most=1024,
    )
    first_password_days: float = setting(
        "FIRST_PASSWORD_DAYS",
        "How long a first password is good before its owner has changed it.",
        default=14.0,
        kind=float,
        least=0.01,
    )
    phone_code_hours: float = setting(
        "PHONE_CODE_HOURS",
        "How long the code is good with which a phone is made known in place of a lost one.",
        default=72.0,
        kind=float,
        least=0.01,
    )

    @property
    def cost(self) -> Cost:
        """What one guess at a password costs."""
        return Cost(self.argon_passes, self.argon_memory_mib)

    @property
    def life(self) -> Life:
        """How long sessions live."""
        return Life(
            timedelta(minutes=self.idle_minutes),
            timedelta(minutes=self.rotate_minutes),
            timedelta(hours=self.whole_hours),
        )
