"""What a watch does when an alarm is due: start a command, call a webhook."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
import urllib3
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import Url, parse_url

from aisle.errors import InputError

COMMAND: Final = "command"
WEBHOOK: Final = "webhook"
COMMAND_S: Final = 3_600.0
_WEBHOOK_S: Final = 10.0
_STANDARD_ERROR: Final = 2


@dataclass(frozen=True, slots=True)
class Actions:
    """Attributes:
    command: program and its arguments, which no shell reads; empty for none.
    webhook: address that is told; None for none.
    """

    command: tuple[str, ...] = ()
    webhook: Url | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Of those that there are."""
        return (*([COMMAND] if self.command else []), *([WEBHOOK] if self.webhook else []))

    def act(self, action: str, told: Mapping[str, Any]) -> str:
        """Do one of them; returns what went wrong, nothing if nothing did.

        Args:
            action: one of ``names``.
            told: JSON that the command reads from standard input, and the webhook is sent.
        """
        body = orjson.dumps(told)
        if action == COMMAND:
            return _run(self.command, body)
        return _post(self.webhook, body) if self.webhook else ""


def actions(command: str | Sequence[str] | None, webhook: str | None) -> Actions:
    """The actions that are asked for.

    Args:
        command: a text is split as a shell would split it; no shell reads it.
        webhook: http or https; it may hold secrets and is shown by its host alone.

    Raises:
        InputError: a command that cannot be split, or an address that is none.
    """
    try:
        split = tuple(shlex.split(command) if isinstance(command, str) else command or ())
    except ValueError as error:
        raise InputError(f"the command cannot be read: {error}", fix="close its quotes") from None
    if command is not None and not split:
        raise InputError("the command is empty", fix="name a program, or leave it out")
    return Actions(split, _address(webhook) if webhook else None)


def _address(webhook: str) -> Url:
    try:
        found = parse_url(webhook)
    except LocationParseError:
        found = Url()
    if found.scheme not in ("http", "https") or not found.host:
        # It is not repeated: whoever has it can post.
        raise InputError("the webhook is no address", fix="write it like https://hooks.example/services/...")
    return found


def _run(command: tuple[str, ...], body: bytes) -> str:
    name = command[0]
    try:
        # What it prints must not mix with a report on standard output.
        done = subprocess.run(
            command, input=body, stdout=_STANDARD_ERROR, timeout=COMMAND_S, check=False, shell=False
        )
    except subprocess.TimeoutExpired:
        return f"{name} took more than {COMMAND_S:g} seconds and was ended"
    except (OSError, ValueError) as error:
        return f"{name} could not be started: {error}"
    return f"{name} ended with {done.returncode}" if done.returncode else ""


def _post(address: Url, body: bytes) -> str:
    host = address.host
    try:
        answer = urllib3.request(
            "POST",
            address.url,
            body=body,
            headers={"Content-Type": "application/json"},
            timeout=_WEBHOOK_S,
            retries=False,
            redirect=False,
            # Its body tells nothing, and one that never ends would hold the watch.
            preload_content=False,
        )
    except HTTPError as error:
        # Its text quotes the address.
        return f"the webhook at {host} could not be called: {type(error).__name__}"
    answer.close()
    return "" if answer.status < 300 else f"the webhook at {host} answered {answer.status}"
