"""Replies: the public shape, the kept answer, and plain text."""

import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from handlers.reply import Button, Image, Reply, Table, Tone, as_text, from_answer, to_answer
from trading.errors import IntentError

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def test_the_public_shape() -> None:
    reply = Reply(
        "Buy?",
        tone=Tone.WARN,
        table=Table.of(("price", "size"), [(Decimal("59000.10"), 1)]),
        buttons=(Button("Confirm", "confirm abc"),),
        image=Image("chart.png", b"\x89PNG"),
        order_id="abc",
        phrase="go",
    )
    assert reply.to_json("/pictures/1") == {
        "ok": True,
        "text": "Buy?",
        "tone": "warn",
        "table": {"columns": ["price", "size"], "rows": [["59000.10", "1"]]},
        "buttons": [{"label": "Confirm", "line": "confirm abc"}],
        "image": "/pictures/1",
        "order_id": "abc",
        "phrase": "go",
        "error": None,
    }
    assert json.loads(json.dumps(Reply("Hi").to_json())) == {
        "ok": True,
        "text": "Hi",
        "tone": "info",
        "table": None,
        "buttons": [],
        "image": None,
        "order_id": None,
        "phrase": None,
        "error": None,
    }


def test_a_refusal_carries_code_and_remedy() -> None:
    reply = Reply.refused(IntentError("The size is zero.", "Sizes are 0.01.", code="BAD_SIZE"))
    assert (reply.ok, reply.text, reply.error) == (False, "The size is zero. Sizes are 0.01.", "BAD_SIZE")


@given(WORDS, st.booleans(), st.sampled_from(Tone), st.lists(st.tuples(WORDS, WORDS), max_size=3), st.booleans())
def test_a_kept_answer_is_the_same_reply(text: str, ok: bool, tone: Tone, rows: list[tuple[str, str]], p: bool) -> None:
    reply = Reply(text, ok, tone, Table.of(("a", "b"), rows), (Button(text, text),), None, text, None, text, p)
    assert from_answer(to_answer(reply)) == reply


def test_a_table_is_aligned_with_numbers_to_the_right() -> None:
    table = Table.of(("symbol", "quantity"), [("BTC/USDT", "0.5"), ("ETH/USDT", "12")])
    assert as_text(Reply("Positions", table=table)) == (
        "Positions\n\nsymbol    quantity\nBTC/USDT       0.5\nETH/USDT        12"
    )


def test_a_table_too_wide_is_written_downwards() -> None:
    table = Table.of(("id", "why"), [("a", "because " * 5)])
    assert as_text(Reply("", table=table), width=30) == ("id:  a\nwhy: because because because\n     because because")


def test_an_empty_table_and_buttons() -> None:
    reply = Reply("Orders", table=Table.of(("id",), ()), buttons=(Button("Again", "/orders"),))
    assert as_text(reply) == "Orders\n\n(none)\n\n[Again] /orders"


@given(st.text(), st.integers(1, 100))
def test_nothing_in_a_reply_can_steer_a_terminal(text: str, width: int) -> None:
    shown = as_text(Reply(text, table=Table.of((text, "b"), [(text, text)])), width)
    assert all(c == "\n" or c.isprintable() for c in shown)
