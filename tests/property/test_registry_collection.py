"""Whatever is pushed, forgotten and cleaned up in whatever order: what may be needed can be pulled."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from aisle.encoder.artifact import Artifact, ArtifactStore
from aisle.registry.collection import KnownReleases, choose_collected, collect
from aisle.registry.manifest import ReleaseManifest
from aisle.registry.objects import Objects
from aisle.registry.registry import Registry
from tests.support.registry import CLUSTER, given, manifest_of, small_artifact

NAMES = ("shop", "outlet")
TEXTS = (b"[]", b"sofa, couch", b"tv, television")


class Releases(RuleBasedStateMachine):
    """A registry, two catalogues on one cluster, and a catalogue on another."""

    @initialize()
    def begin(self) -> None:
        self.holder = tempfile.TemporaryDirectory(prefix="aisle-registry-")
        folder = Path(self.holder.name)
        self.store = ArtifactStore(folder / "artifacts")
        self.registry = Registry(Objects.open(str(folder / "registry"), make=True))
        self.artifacts = [small_artifact(self.store, f"model-{number}") for number in range(4)]
        # What each cluster holds: live releases and what a rollback could go to.
        self.there: dict[str, set[str]] = {name: set() for name in NAMES}
        self.recorded: dict[str, tuple[ReleaseManifest, list[Artifact]]] = {}
        self.clock = 0

    def teardown(self) -> None:
        self.holder.cleanup()

    @rule(
        name=st.sampled_from(NAMES),
        which=st.sets(st.integers(0, 3), max_size=3),
        texts=st.sets(st.sampled_from(TEXTS), max_size=2),
        cluster=st.sampled_from((CLUSTER, "another cluster")),
        again=st.booleans(),
    )
    def push(self, name: str, which: set[int], texts: set[bytes], cluster: str, again: bool) -> None:
        """A new release, or another record of one that is there."""
        self.clock += 1
        releases = sorted(self.there[name])
        release = releases[-1] if again and releases else f"{name}-v{self.clock:04d}"
        chosen = [self.artifacts[number] for number in sorted(which)]
        manifest = manifest_of(
            release, chosen, texts=sorted(texts), cluster=cluster, created=f"2026-11-30T12:{self.clock:05d}"
        )
        self.registry.push(manifest, chosen, given(sorted(texts)))
        if cluster == CLUSTER:
            self.there[name].add(release)
        self.recorded[manifest.fingerprint] = manifest, chosen

    @rule(name=st.sampled_from(NAMES), number=st.integers(0, 9))
    def prune(self, name: str, number: int) -> None:
        """The cluster forgets a release."""
        releases = sorted(self.there[name])
        if releases:
            self.there[name].discard(releases[number % len(releases)])

    @rule(keep=st.integers(0, 3), dry_run=st.booleans())
    def clean(self, keep: int, dry_run: bool) -> None:
        known = KnownReleases(CLUSTER, {name: frozenset(those) for name, those in self.there.items()})
        before = self.registry.contents()
        done = collect(self.registry, known, keep, dry_run=dry_run)
        after = self.registry.contents()
        if dry_run:
            assert after == before
            return
        assert len(after.releases) == done.kept == len(before.releases) - len(done.releases)
        # Once is enough: nothing is left over that nobody needs.
        assert choose_collected(after, known, keep).artifacts == ()
        needed = {bound.folder for one in after.releases if one.manifest for bound in one.manifest.artifacts}
        assert set(after.artifacts) == needed
        left = {one.manifest.fingerprint for one in after.releases if one.manifest}
        for fingerprint, (manifest, _) in list(self.recorded.items()):
            if fingerprint not in left:
                assert not known.holds(manifest)
                del self.recorded[fingerprint]

    @invariant()
    def what_may_be_needed_is_whole(self) -> None:
        if not hasattr(self, "registry"):
            return
        with tempfile.TemporaryDirectory(prefix="aisle-pulled-") as folder:
            elsewhere = ArtifactStore(Path(folder))
            for manifest, artifacts in self.recorded.values():
                pulled = self.registry.pull(manifest, elsewhere)
                assert len(pulled.artifacts) == len(artifacts)


Releases.TestCase.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)
TestReleases = Releases.TestCase
