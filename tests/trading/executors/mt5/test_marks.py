"""The magic number and the comment: both ways, and for nobody else's."""

import re

from hypothesis import given
from hypothesis import strategies as st

from tests.emulators.mt5.records import TradeDeal
from trading.executors.mt5.marks import Whose, comment_of, head_of, magic_of, part_of
from trading.ids import order_id

IDS = st.text(min_size=1, max_size=30).map(order_id)


@given(IDS)
def test_the_magic_tells_the_beginning_of_our_id(name: str) -> None:
    magic = magic_of(name)
    assert 0 < magic < 2**62
    assert name.startswith(head_of(magic))
    assert len(head_of(magic)) == 10


@given(IDS, st.integers(1, 99))
def test_a_comment_is_short_and_plain_whatever_part_it_names(name: str, part: int) -> None:
    comment = comment_of(name, part)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,26}", comment)
    assert part_of(comment) == part


@given(st.integers(0, 2**32))
def test_another_program_s_magic_is_hardly_ever_ours(magic: int) -> None:
    found = head_of(magic)
    assert not found or magic_of(found + "a" * 6) == magic  # one in 4096 proves itself, and no book knows it


@given(IDS, st.sampled_from(["", "to #5 by broker", "abc", "[sl 1.07]"]))
def test_a_broker_s_own_comment_hides_no_order(name: str, comment: str) -> None:
    deal = TradeDeal(magic=magic_of(name), comment=comment)
    assert Whose(lambda head: name if name.startswith(head) else "")(deal) == name
    assert Whose(lambda head: "")(deal) == ""
    assert Whose(lambda head: "")(deal._replace(comment=f"{name}-2")) == name
    assert Whose(lambda head: "")(deal._replace(magic=0, comment=name)) == "", "a comment alone proves nothing"
    noted = Whose(lambda head: "")
    noted.note(name)
    assert noted(deal) == name


def test_what_the_broker_does_with_our_position_is_not_our_order() -> None:
    name = order_id("x")
    deal = TradeDeal(magic=magic_of(name), comment=name, reason=4)
    whose = Whose(lambda head: "")
    assert (whose(deal), whose.placed(deal)) == (name, "")
