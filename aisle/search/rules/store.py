"""Rules in the cluster: every version of a catalogue's rules, and which one is live."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
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

    @property
    def text(self) -> str:
        """For people."""
        return f"version {self.version}" + ("" if self.rules else ", no rules")

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

    def rules(self, version: RulesVersion) -> RuleSet:
        """The rules of one version.

        Raises:
            InputError: they are gone, or cannot be read, as when a newer Aisle wrote them.
            ClusterError: the cluster does not answer.
        """
        id_ = self._id(version)
        found = self._documents.read(id_)
        try:
            rows = orjson.loads((found.source or {})["rules"])
        except (KeyError, TypeError, ValueError) as error:
            raise self._unreadable(id_, error) from error
        return checked_rules(rows, f"version {version.version} of the rules of {self._name}")

    def put(self, rules: RuleSet, release: str, onto: RulesHistory | None = None) -> RulesVersion:
        """Make these rules the live ones, as a new version, unless they are live already.

        Of two that put other rules at the same time one does, and the other is told.

        Args:
            rules: all of the catalogue's; none switches rules off.
            release: the live one.
            onto: what there was when the rules were chosen; None: whatever there is by now.

        Raises:
            InputError: somebody put other rules meanwhile.
            ClusterError: the cluster does not answer.
        """
        before = self.history()
        if before.live is not None and before.live.fingerprint == rules.fingerprint:
            return before.live
        if onto is not None and onto.place != before.place:
            raise self._too_late()
        created = datetime.now(UTC).isoformat(timespec="seconds")
        new = RulesVersion(before.last + 1, created, release, len(rules.rules), rules.fingerprint)
        # As a text: OpenSearch has its own ideas of which keys JSON may have.
        self._documents.write(self._id(new), {"rules": orjson.dumps(rules.to_json()).decode()})
        kept = (*before.versions, new)[-KEPT_VERSIONS:]
        history = {"versions": [one.to_json() for one in kept], "last": new.version}
        if self._documents.swap(self._name, before.place, history) is None:
            # Somebody was faster, or this very request was, and its answer was lost.
            now = self.history()
            if now.live is not None and now.live.fingerprint == new.fingerprint:
                return now.live
            self._drop((new,), now.versions)
            raise self._too_late()
        self._drop(before.versions, kept)
        return new

    def forget(self) -> None:
        """Delete every version. Only for a catalogue that is no more: its numbers would begin anew."""
        try:
            versions = self.history().versions
        except InputError:
            # Which there are nobody can tell; this is how such a document is got rid of.
            versions = ()
        self._documents.delete(self._name)
        self._drop(versions, ())

    def _drop(self, versions: Iterable[RulesVersion], kept: Iterable[RulesVersion]) -> None:
        for id_ in {*map(self._id, versions)} - {*map(self._id, kept)}:
            self._documents.delete(id_)

    def _id(self, version: RulesVersion) -> str:
        # No name of a catalogue has a colon. Two that put at the same time write two documents.
        return f"{self._name}:{version.version}:{version.fingerprint[:16]}"

    def _too_late(self) -> InputError:
        return InputError(
            f"somebody else put rules of {self._name} at the same time, and theirs are live",
            fix=f"look at theirs (aisle rules show --name {self._name}), then put yours again",
        )

    def _unreadable(self, document: str, error: Exception) -> InputError:
        return InputError(
            f"the document {document} of the index {RULES_INDEX} cannot be read ({error!r})",
            fix=f"aisle rules delete --history --name {self._name}, then put the rules again",
        )
