"""User data subscriptions of the WebSocket API (web-socket-api.md "User Data Stream requests")."""

from typing import Any

from tests.emulators.binance import codes
from tests.emulators.binance.calls import Call, Route
from tests.emulators.binance.connections import Connection, Subscription
from tests.emulators.binance.house import PRODUCT
from tests.emulators.binance.venue import Binance
from tests.emulators.binance.ws_api import WsApi

MOST_IDS = 65_535


class SpotUsers:
    """The subscriptions on one WebSocket API."""

    def __init__(self, venue: Binance, api: WsApi) -> None:
        self._venue = venue
        api.method("userDataStream.subscribe", Route(PRODUCT, self._of_session, "NONE", 2))
        api.method("userDataStream.subscribe.signature", Route(PRODUCT, self._signed, "USER_STREAM", 2))
        api.method("userDataStream.unsubscribe", Route(PRODUCT, self._unsubscribe, "NONE", 2))
        api.method("session.subscriptions", Route(PRODUCT, self._subscriptions, "NONE", 2))

    def terminate(self, account: str) -> None:
        """End an account's subscriptions from the exchange's side, with eventStreamTerminated."""
        for subscription in self._venue.subscribers(PRODUCT, account):
            self._end(subscription)

    def _of_session(self, call: Call) -> dict[str, Any]:
        connection = _connection(call)
        if connection.session is None:
            raise codes.UNAUTHORIZED.refusal()
        key = self._venue.keys.find(connection.session.key, "USER_STREAM")
        return self._subscribe(connection, key.account, signed=False)

    def _signed(self, call: Call) -> dict[str, Any]:
        return self._subscribe(_connection(call), call.account, signed=True)

    def _subscribe(self, connection: Connection, account: str, *, signed: bool) -> dict[str, Any]:
        if any(there.account == account for there in connection.subscriptions.values()):
            raise codes.SUBSCRIPTION_ACTIVE.refusal()
        number = connection.next_subscription
        if number >= MOST_IDS:
            raise codes.Refusal(-2042, "Maximum subscription ID reached for this connection.")
        connection.next_subscription += 1
        subscription = Subscription(connection, PRODUCT, account, self._venue.faults, number, signed=signed)
        subscription.wrap = lambda event: {"subscriptionId": number, "event": event}
        connection.subscriptions[number] = subscription
        self._venue.subscribe(subscription)
        return {"subscriptionId": number}

    def _unsubscribe(self, call: Call) -> dict[str, Any]:
        connection, number = _connection(call), call.integer("subscriptionId")
        if number is not None and number not in connection.subscriptions:
            raise codes.SUBSCRIPTION_INACTIVE.refusal()
        for there in list(connection.subscriptions.values()):
            if number in (None, there.number):
                self._end(there)
        return {}

    def _subscriptions(self, call: Call) -> list[dict[str, int]]:
        return [{"subscriptionId": number} for number in _connection(call).subscriptions]

    def _end(self, subscription: Subscription) -> None:
        subscription.connection.subscriptions.pop(subscription.number, None)
        self._venue.unsubscribe(subscription)
        subscription.connection.post(subscription.wrap({"e": "eventStreamTerminated", "E": self._venue.now_ms}))


def _connection(call: Call) -> Connection:
    if call.connection is None:
        raise codes.UNSUPPORTED_OPERATION.refusal()
    return call.connection
