"""The same world with Hypothesis as its weather and its people: it looks for short lives that break a rule."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from appliance.session.events import Booted
from tests.sim.life import Life
from tests.sim.plans import POLICIES, Deed, Doing, Fault, Ill, Plan

MOMENTS = st.one_of(st.just(0.0), st.floats(0.0, 0.5), st.floats(0.0, 5.0), st.floats(0.0, 120.0), st.just(600.0))
LASTING = st.one_of(st.floats(0.01, 0.4), st.floats(0.1, 10.0), st.floats(1.0, 200.0))


class World(RuleBasedStateMachine):
    life: Life

    @initialize(policy=st.sampled_from(list(POLICIES)), seed=st.integers(0, 9))
    def begin(self, policy: str, seed: int) -> None:
        self.life = Life(Plan(seed, policy, (), ()))
        self.life.clock.at(0.0, lambda: self.life.box.post(Booted()))
        self.pass_time(0.0)

    @rule(after_s=MOMENTS)
    def pass_time(self, after_s: float) -> None:
        """Every rule of `life` is held against what happens."""
        self.life.until(self.life.clock.now_s + after_s)

    @rule(doing=st.sampled_from(Doing), lasts_s=LASTING)
    def do(self, doing: Doing, lasts_s: float) -> None:
        deed = Deed(self.life.clock.now_s, doing, lasts_s)
        self.life.clock.at(deed.at_s, lambda: self.life.do(deed))
        self.pass_time(0.0)

    @rule(ill=st.sampled_from(Ill), lasts_s=LASTING)
    def befall(self, ill: Ill, lasts_s: float) -> None:
        self.life.befall(Fault(self.life.clock.now_s, min(lasts_s, 15.0 if ill is Ill.BOX_STALLED else lasts_s), ill))
        self.pass_time(0.0)


TestWorld = World.TestCase
TestWorld.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
