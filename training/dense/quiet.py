"""The libraries of training, without their own bars and remarks: what is said is ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from records.extras import optional


@contextmanager
def quiet() -> Iterator[None]:
    """Errors only, no progress bars; afterwards as before."""
    logging = optional("transformers", extra="train").utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
