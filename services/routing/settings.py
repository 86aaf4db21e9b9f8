"""Settings of routing beyond those of the chassis."""

from dataclasses import dataclass
from datetime import timedelta

from services.chassis.settings import key32, setting
from services.routing.session import Life


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
    unowned_chunk: int = setting(
        "UNOWNED_CHUNK",
        "How many unowned cases one transaction of the sweep looks at.",
        default=500,
        kind=int,
        least=1,
        most=5000,
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

    @property
    def life(self) -> Life:
        """How long sessions live."""
        return Life(
            timedelta(minutes=self.idle_minutes),
            timedelta(minutes=self.rotate_minutes),
            timedelta(hours=self.whole_hours),
        )
