"""A keyring for tests, by keyring's own plug-in interface: a JSON file that AISLE_TEST_KEYRING names."""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked


class FileKeyring(KeyringBackend):
    """Service and user to password, as ``{"service/user": "password"}``; a file that is missing is locked."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        path = Path(os.environ["AISLE_TEST_KEYRING"])
        if not path.is_file():
            raise KeyringLocked(f"cannot open the keyring for {service}")
        found: dict[str, str] = json.loads(path.read_text())
        return found.get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError
