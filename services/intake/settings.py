"""What intake is told by its environment."""

from dataclasses import dataclass

from services.chassis import settings
from services.chassis.settings import key32, setting
from services.intake import vault


@dataclass(frozen=True)
class Settings:
    """Settings of intake alone."""

    contact_key: str = setting(
        "CONTACT_KEY", "Key that the data keys of complainants are wrapped with.", kind=key32, secret=True
    )
    tracking_pepper: str = setting(
        "TRACKING_PEPPER",
        "Key of the hashes by which tracking numbers and idempotency keys are found.",
        kind=key32,
        secret=True,
    )
    seal_public_key: str = setting(
        "SEAL_PUBLIC_KEY",
        "Public key that contacts are sealed with for notification.",
        kind=key32,
        secret=True,
    )
    seal_private_key: str = setting(
        "INTAKE_SEAL_PRIVATE_KEY",
        "Private key that opens the replies and questions that routing sealed for the complainant.",
        kind=key32,
        secret=True,
    )
    routing_seal_key: str = setting(
        "ROUTING_SEAL_PUBLIC_KEY",
        "Public key that the names of accused persons are sealed with for routing, which looks them up in its directory.",
        kind=key32,
        secret=True,
    )
    idempotency_hours: int = setting(
        "IDEMPOTENCY_HOURS",
        "How long the answer to an Idempotency-Key is kept.",
        default=48,
        kind=int,
        least=24,
        most=720,
    )


def load() -> Settings:
    """The settings of this process. Raises SettingError."""
    return settings.load(Settings)


def keys() -> vault.Keys:
    """The keys of this process as raw bytes."""
    loaded = load()
    return vault.keys(loaded.contact_key, loaded.tracking_pepper)
