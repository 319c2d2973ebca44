"""Rules in the cluster: every version of a catalogue's rules, and which one is live."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from aisle.cluster import Cluster
from aisle.cluster.documents import Documents, Place
from aisle.errors import InputError
from aisle.search.rules.reading import RuleSet, checked_rules

RULES_INDEX: Final = "aisle-rules"
# Versions that can be gone back to.
KEPT_VERSIONS: Final = 20
# Numbers that somebody took who then did not go on.
_ATTEMPTS: Final = 5
_RELEASE: Final = re.compile(r"(?P<name>.+)-v\d{4,}")


def catalogue_of(release: str) -> str:
    """The catalogue that a release is of: ``shop`` of ``shop-v0007``."""
    match = _RELEASE.fullmatch(release)
    return match["name"] if match else release


@dataclass(frozen=True, slots=True)
class RulesVersion:
    """One version of a catalogue's rules.

    Attributes:
        version: counts from 1, and is never used again.
        created: UTC, ISO 8601.
        release: the one that was live then.
        rules: how many.
        fingerprint: of the rules, see `RuleSet.fingerprint`.
    """

    version: int
    created: str
    release: str
    rules: int
    fingerprint: str

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RulesHistory:
    """The versions of a catalogue's rules.

    Attributes:
        versions: that are kept, oldest first; the last one is live.
        last: the highest number that was ever given.
        place: which write of the document that was; None if there is none.
    """

    versions: tuple[RulesVersion, ...] = ()
    last: int = 0
    place: Place | None = None

    @property
    def live(self) -> RulesVersion | None:
        """None if the catalogue has no rules."""
        return self.versions[-1] if self.versions else None

    def of_release(self, release: str) -> RulesVersion | None:
        """The version that was live last while the release was; None if none of those that are kept was."""
        # Versions are put while a release is live, and stay when the next one goes live.
        found = [one for one in self.versions if one.release == release]
        earlier = [one for one in self.versions if _age(one.release) < _age(release)]
        return found[-1] if found else earlier[-1] if earlier else None


def _age(release: str) -> tuple[int, str]:
    """Orders releases of one catalogue: after v9999 comes v10000."""
    return len(release), release


class RuleStore:
    """The rules of one catalogue, in the index ``aisle-rules``.

    Args:
        cluster: connection.
        name: of the catalogue.
        timeout_s: of one request; None: the client's own.
    """

    def __init__(self, cluster: Cluster, name: str, timeout_s: float | None = None) -> None:
        self._documents = Documents(cluster, RULES_INDEX, timeout_s)
        self._name = name

    def history(self) -> RulesHistory:
        """Which versions there are.

        Raises:
            InputError: somebody else wrote the document.
            ClusterError: the cluster does not answer.
        """
        found = self._documents.read(self._name)
        if found.source is None:
            return RulesHistory()
        try:
            versions = tuple(RulesVersion(**one) for one in found.source["versions"])
            return RulesHistory(versions, int(found.source["last"]), found.place)
        except (KeyError, TypeError, ValueError) as error:
            raise self._unreadable(self._name, error) from error

    def rules(self, version: int) -> RuleSet | None:
        """The rules of one version; None if it is not kept.

        Raises:
            InputError: they cannot be read, as when a newer Aisle wrote them.
            ClusterError: the cluster does not answer.
        """
        found = self._documents.read(self._id(version))
        if found.source is None:
            return None
        try:
            rows = orjson.loads(found.source["rules"])
        except (KeyError, TypeError, ValueError) as error:
            raise self._unreadable(self._id(version), error) from error
        return checked_rules(rows, f"version {version} of the rules of {self._name}")

    def put(self, rules: RuleSet, release: str) -> RulesVersion:
        """Make these rules the live ones, as a new version, unless they are live already.

        Of two that put rules at the same time one does, and the other is told.

        Args:
            rules: all of the catalogue's; none switches rules off.
            release: the live one.

        Raises:
            InputError: somebody put other rules meanwhile.
            ClusterError: the cluster does not answer.
        """
        before = self.history()
        if before.live is not None and before.live.fingerprint == rules.fingerprint:
            return before.live
        created = datetime.now(UTC).isoformat(timespec="seconds")
        new = RulesVersion(0, created, release, len(rules.rules), rules.fingerprint)
        new = self._written(replace(new, version=before.last + 1), rules)
        kept = (*before.versions, new)[-KEPT_VERSIONS:]
        history = {"versions": [one.to_json() for one in kept], "last": new.version}
        if self._documents.swap(self._name, before.place, history) is None and self.history().live != new:
            self._documents.delete(self._id(new.version))
            raise InputError(
                f"somebody else put rules of {self._name} at the same time, and theirs are live",
                fix=f"look at theirs (aisle rules show --name {self._name}), then put yours again",
            )
        for old in before.versions:
            if old not in kept:
                self._documents.delete(self._id(old.version))
        return new

    def forget(self) -> None:
        """Delete every version. Only for a catalogue that is no more: its numbers would begin anew."""
        history = self.history()
        self._documents.delete(self._name)
        for one in history.versions:
            self._documents.delete(self._id(one.version))

    def _written(self, new: RulesVersion, rules: RuleSet) -> RulesVersion:
        # As a text: OpenSearch has its own ideas of which keys JSON may have.
        body = {"rules": orjson.dumps(rules.to_json()).decode()}
        for _ in range(_ATTEMPTS):
            if self._documents.swap(self._id(new.version), None, body) is not None:
                return new
            # Somebody took the number who is about to go on, or never did.
            new = replace(new, version=new.version + 1)
        raise InputError(
            f"the rules of {self._name} cannot be written: others keep taking the next version",
            fix="put rules from one place at a time",
        )

    def _id(self, version: int) -> str:
        # No name of a catalogue has a colon.
        return f"{self._name}:{version}"

    def _unreadable(self, document: str, error: Exception) -> InputError:
        return InputError(
            f"the document {document} of the index {RULES_INDEX} cannot be read ({error!r})",
            fix=f"delete it, then put the rules again: aisle rules put FILE --name {self._name}",
        )
