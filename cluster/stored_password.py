"""A password from the system's keyring, so that it stands in no file and in no environment."""

from __future__ import annotations

from pydantic import SecretStr

from records import InputError
from records.extras import optional


def stored_password(service: str, user: str) -> SecretStr:
    """The password that the keyring holds for the user.

    Args:
        service: under which it was stored.
        user: of OpenSearch.

    Raises:
        InputError: no user is named, or the keyring has no such password or cannot be opened.
        MissingExtra: the package ``keyring`` is not installed.
    """
    if not user:
        raise InputError("AISLE_KEYRING is set and AISLE_USER is not", fix="name the user in AISLE_USER")
    keyring = optional("keyring", extra="keyring")
    try:
        found = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        # Its words may quote what a backend was given; its kind says enough.
        raise InputError(
            f"the keyring cannot be read ({type(error).__name__})",
            fix="unlock it, or set AISLE_PASSWORD instead of AISLE_KEYRING",
        ) from None
    if not found:
        raise InputError(
            f"the keyring has no password of {user!r} for {service!r}",
            fix=f"store it: keyring set {service} {user}",
        )
    return SecretStr(found)
