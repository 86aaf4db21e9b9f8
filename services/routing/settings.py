"""Settings of routing beyond those of the chassis."""

from dataclasses import dataclass

from services.chassis.settings import key32, setting


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
