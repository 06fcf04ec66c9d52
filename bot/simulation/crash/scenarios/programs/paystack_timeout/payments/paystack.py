"""Paystack's API, over a connection of our own."""

import json

from payments.connection import Connection, gateway


class PaystackClient:
    """Talks to Paystack; one connection for each call."""

    def initialize(self, reference: str, amount: int, currency: str) -> str:
        """Open a transaction; returns its access code."""
        answer = self._post(
            "/transaction/initialize",
            {"reference": reference, "amount": amount, "currency": currency},
        )
        return str(answer["data"]["access_code"])

    def _post(self, path: str, body: dict[str, object]) -> dict[str, dict[str, object]]:
        with gateway() as address, Connection(address) as connection:
            connection.send(f"POST {path} HTTP/1.1\r\n\r\n{json.dumps(body)}".encode())
            answer: dict[str, dict[str, object]] = json.loads(connection.receive())
            return answer
