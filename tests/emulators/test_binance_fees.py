"""Commissions of the emulated spot exchange: faqs/commission_faq.md and rest-api.md."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from tests.emulators.binance.accounts import Rates
from tests.emulators.spot_desk import NOW, Desk, trading


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with trading(NOW) as desk:
        yield desk


async def test_the_commission_of_the_documented_example(desk: Desk) -> None:
    # faqs/commission_faq.md: 0.49975 sold at 35000 by market.
    pays = desk.spot.exchange.accounts["main"].commission
    pays.standard = Rates(*map(Decimal, ("0.00000010", "0.00000020", "0.00000030", "0.00000040")))
    pays.special = Rates(*map(Decimal, ("0.01", "0.02", "0.03", "0.04")))
    pays.tax = Rates(*map(Decimal, ("0.00000112", "0.00000114", "0.00000118", "0.00000116")))
    pays.discount = Decimal("0.25")
    desk.spot.show("BTCUSDT", [["35000", "9"]], [["35001", "9"]])
    in_usdt = (await desk.order("SELL", "MARKET", quantity="0.49975"))["fills"]
    # 0.01049475 + 0.04022988 + 1049.475
    assert [(fill["commission"], fill["commissionAsset"]) for fill in in_usdt] == [("1049.52572463", "USDT")]
    desk.spot.exchange.deposit("main", "BNB", 10)
    desk.spot.show("BNBUSDT", [], [], last=260)
    pays.pay_in_bnb = True
    in_bnb = (await desk.order("SELL", "MARKET", quantity="0.49975"))["fills"]
    assert [(fill["commission"], fill["commissionAsset"]) for fill in in_bnb] == [("4.03660713", "BNB")]
    desk.spot.exchange.deposit("main", "BNB", "-5.9")  # too little for the next one
    desk.spot.exchange.deposit("main", "BTC", 1)
    again = (await desk.order("SELL", "MARKET", quantity="0.49975"))["fills"]
    assert again[0]["commissionAsset"] == "USDT"


async def test_rates_are_told(desk: Desk) -> None:
    body = (await desk.call("GET /api/v3/account/commission", symbol="BTCUSDT"))[1]
    assert (body["standardCommission"]["taker"], body["discount"]["discountAsset"]) == ("0.00100000", "BNB")
    sent = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.1", "computeCommissionRates": "true"}
    body = (await desk.call("POST /api/v3/order/test", **sent))[1]
    assert body["standardCommissionForOrder"] == {"maker": "0.00100000", "taker": "0.00100000"}


async def test_bnb_bought_with_the_fee_in_bnb(desk: Desk) -> None:
    desk.spot.exchange.accounts["main"].commission.pay_in_bnb = True
    desk.spot.show("BNBUSDT", [["600", "9"]], [["601", "9"]])
    sent = {"symbol": "BNBUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}
    bought = (await desk.call("POST /api/v3/order", **sent))[1]
    # What is received may pay for itself: 0.1 % less a quarter.
    assert [(fill["commission"], fill["commissionAsset"]) for fill in bought["fills"]] == [("0.00075000", "BNB")]
