"""Lines of keys, held against a second, slower way to find them."""

from __future__ import annotations

import tomllib

from hypothesis import example, given
from hypothesis import strategies as st

from appliance.config.kinds import KeyPath
from appliance.config.lines import lines_of


def grown(text: str) -> dict[KeyPath, int]:
    """The oracle: what first appears when the text grows by a line began on the line after the last that was valid."""
    lines: dict[KeyPath, int] = {}
    rows = text.split("\n")
    begin = 1
    for count in range(1, len(rows) + 1):
        try:
            tree = tomllib.loads("\n".join(rows[:count]))
        except tomllib.TOMLDecodeError:
            continue
        for key in _all(tree, ()):
            lines.setdefault(key, begin)
        begin = count + 1
    return lines


def _all(value: object, above: KeyPath) -> list[KeyPath]:
    items: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [key for name, item in items for key in [(*above, name), *_all(item, (*above, name))]]


PIECES = [
    "[a]",
    "[ a . b ]  # a",
    "[[c]]",
    "[c.d]",
    "[[c.e]]",
    '["x]y".z]',
    "['#']",
    "[a.'b\"']",
    "k = 1",
    "l.m.n = 'it''s'",
    "l = '#[' # ' [",
    'm = "a\\"]" # "',
    "n = [\n  1, # ]\n  [2],\n]",
    "o = { p = 1, q = [1, { r = 2 }] }",
    's = """\n[a]\nk = 1 \\" "" \\\\"""',
    's2 = """a"""""',
    's3 = """a""""  # " [',
    "t = '''\n'\n[x'''''",
    "u = ''''''",
    "v = [ '''\n]''', \"]\" ]",
    "w = 1979-05-27",
    "",
    "  # [[c]] ''' \"",
    "\t",
    "'' = 1",
    '"é\\u0041" = 2',
]


@given(st.lists(st.sampled_from(PIECES), max_size=16))
@example(["[[c]]", "[c.d]", "k = 1", "[[c.e]]", "[[c.e]]", "k = 1", "[[c]]", "[[c.e]]", "k = 1", "[c.d]"])
@example(["[a.b]", "k = 1", "[a]", "k = 2"])
def test_both_ways_find_the_same_lines(pieces: list[str]) -> None:
    text = ""
    for piece in pieces:
        text = with_piece if _valid(with_piece := f"{text}{piece}\n") else text
    assert lines_of(text) == grown(text)


def _valid(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def test_lines_of_a_text_with_everything() -> None:
    text = "a = 1\n\n[b] # c\nd = [\n 1,\n 2\n]\ne = '''\nf = 1\n'''\n[[g]]\nh = { i = 1 }\n[[g]]\n"
    assert lines_of(text) == {
        ("a",): 1,
        ("b",): 3,
        ("b", "d"): 4,
        ("b", "d", 0): 4,
        ("b", "d", 1): 4,
        ("b", "e"): 8,
        ("g",): 11,
        ("g", 0): 11,
        ("g", 0, "h"): 12,
        ("g", 0, "h", "i"): 12,
        ("g", 1): 13,
    }
    assert lines_of(text.replace("\n", "\r\n")) == lines_of(text)
