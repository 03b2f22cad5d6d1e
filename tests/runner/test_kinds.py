"""The words that choose a bot."""

from __future__ import annotations

import pytest

from appliance.errors import ApplianceError
from appliance.runner.faults import BEHAVIOURS
from appliance.runner.kinds import BOTS, FLAVOURS, Kind, parse_bot


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("echo", Kind(name="echo")),
        (" greeting ", Kind(name="greeting")),
        ("slow", Kind(name="slow", after_s=4.0)),
        ("slow:0.25", Kind(name="slow", after_s=0.25)),
        ("fatal:0", Kind(name="fatal", after_s=0.0)),
        ("refuses", Kind(name="refuses", status=503)),
        ("refuses:401", Kind(name="refuses", status=401)),
        ("refuses:503,7", Kind(name="refuses", status=503, retry_after_s=7)),
        ("refuses-offer:,3", Kind(name="refuses-offer", status=503, retry_after_s=3)),
        ("nonsense:no-audio", Kind(name="nonsense", flavour="no-audio")),
    ],
)
def test_words_that_choose_a_bot(text: str, kind: Kind) -> None:
    assert parse_bot(text) == kind


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ecko", "no bot is called 'ecko'; did you mean 'echo'? there are: echo, greeting,"),
        ("", "no bot is called ''; there are: echo,"),
        ("echo:1", "'echo' takes no value; write 'echo'"),
        ("slow:soon", "'soon' is no time; write seconds from 0 to 3600"),
        ("slow:", "'' is no time"),
        ("slow:-1", "'-1' is no time"),
        ("slow:nan", "'nan' is no time"),
        ("slow:1e9", "'1e9' is no time"),
        ("refuses:200", "'200' is no refusal; write a status from 400 to 599"),
        ("refuses:x", "'x' is no refusal"),
        ("refuses:503,soon", "'soon' is no Retry-After; write whole seconds"),
        ("nonsense", "a kind of nonsense was expected; use one of: html, list,"),
        ("nonsense:x", "a kind of nonsense was expected"),
    ],
)
def test_words_that_do_not(text: str, says: str) -> None:
    with pytest.raises(ApplianceError) as caught:
        parse_bot(text)
    assert says in str(caught.value)


def test_the_table_names_every_bot_there_is() -> None:
    names = {usage.partition("[")[0].partition(":")[0] for usage in BOTS}
    assert set(BEHAVIOURS) <= names
    for name in names - {"nonsense"}:
        assert parse_bot(name).name == name
    assert all(flavour in BOTS["nonsense:KIND"] for flavour in FLAVOURS)
