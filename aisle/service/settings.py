"""How the service runs: from the options of ``aisle serve`` and the variables ``AISLE_SERVE_*``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from aisle.errors import InputError

_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


class ServiceSettings(BaseSettings):
    """How the service runs. Every field may come from the environment (prefix ``AISLE_SERVE_``).

    Attributes:
        host, port: where it listens; port 0 takes any free one.
        threads: requests that are answered at a time; the others wait.
        queue: requests that may wait; what comes beyond is refused with 503 and ``Retry-After``.
        deadline_ms: how long a request may take, its wait included, in milliseconds.
        body_bytes: largest body of a request.
        body_timeout_s: how long a client may take to send it, in seconds.
        connections: open at a time; what comes beyond is refused.
        check_s: seconds between two looks at the cluster and its releases.
        grace_s: how long requests that are being answered may take when the service is stopped, in seconds.
        keys: file of the keys that are asked for, see `aisle keys`; None: everybody may have everything.
        per_minute: requests of one address in a minute; 0 for as many as it likes.
        key_per_minute: requests of one key, unless it says so itself; likewise.
        origins: sites whose pages may ask from a browser, such as ``https://shop.example``; as JSON in the
            environment.
        proxies: addresses of proxies, with commas between them, that say for whom they ask.
        log_queries: write what shoppers type into the log.
        page: show the catalogues in a browser; None: where only this machine can ask, and without keys.
        page_key: whose rights the page has where keys are asked for: whoever can open the page has them.
        judgments: folder for grades that people give on the page; None: they give none.
        tuning: file of `aisle tune run` that the page shows; None: it shows none.
        watch: folder of what `aisle watch` remembers; None: that of ``AISLE_HOME``.
        experiments: files of what is compared on shoppers, see docs/how-to/experiment.md; as JSON in the
            environment.
        events: write answers, and what shoppers do with them, to the indexes of UBI.
        events_need_consent: only those that say that their shopper agreed.
        events_texts: with what shoppers typed.
        events_waiting: documents that may wait to be written.
        events_grace_s: how long they may take when the service is stopped, in seconds.
    """

    model_config = SettingsConfigDict(env_prefix="AISLE_SERVE_", frozen=True, hide_input_in_errors=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    threads: int = Field(default=8, ge=1, le=256)
    queue: int = Field(default=64, ge=0, le=10_000)
    deadline_ms: int = Field(default=2_000, ge=10, le=120_000)
    body_bytes: int = Field(default=131_072, ge=1_024)
    body_timeout_s: float = Field(default=10.0, gt=0)
    connections: int = Field(default=1_000, ge=1)
    check_s: float = Field(default=2.0, gt=0)
    grace_s: float = Field(default=20.0, ge=0)
    keys: Path | None = None
    per_minute: int = Field(default=0, ge=0)
    key_per_minute: int = Field(default=0, ge=0)
    origins: tuple[str, ...] = ()
    proxies: str = ""
    log_queries: bool = False
    page: bool | None = None
    page_key: SecretStr | None = None
    judgments: Path | None = None
    tuning: Path | None = None
    watch: Path | None = None
    experiments: tuple[Path, ...] = ()
    events: bool = False
    events_need_consent: bool = False
    events_texts: bool = True
    events_waiting: int = Field(default=20_000, ge=1_000, le=1_000_000)
    events_grace_s: float = Field(default=5.0, ge=0)

    @property
    def shows_page(self) -> bool:
        """Whether the catalogues are shown in a browser.

        Raises:
            InputError: the page is asked for and has no key.
        """
        if self.page and self.keys and not self.page_key:
            raise InputError(
                "the page needs a key of its own where keys are asked for",
                fix="put one of the file into AISLE_SERVE_PAGE_KEY, or use --no-page",
            )
        if self.page is None:
            return self.keys is None and self.host in _LOOPBACK
        return self.page
