"""Where do vendors reach us for a merchant? Pasted into their consoles, or told to them with every subscription."""

from collections.abc import Mapping
from types import ModuleType
from typing import NamedTuple

from shared.domain.credentials import Vendors
from shared.errors import Permanent
from shared.workflows.check_merchant import Desk, kind_of


class Addresses(NamedTuple):
    """The addresses of one merchant below the base URL of the HTTP API."""

    base_url: str
    merchant: str
    desk: Desk

    def completed(self, accounts: Vendors) -> Vendors:
        """Fill in where pushes go, where a vendor has to be told so and its account is silent."""
        return {name: self._completed(name, account) for name, account in accounts.items()}

    def told(self, accounts: Vendors) -> Mapping[str, str]:
        """Give what the merchant is told, one line each; a token is left for the merchant to fill in."""
        lines = [
            f"{name}: {self._address(name, '{token}' if account.get('token') else '')}"
            for name, account in accounts.items()
            if hasattr(self._vendor(name), "verify_push")
        ]
        if "chat" in accounts:
            lines.append(f"chat route: {self.base_url}/v1/chat/{self.merchant}/route")
        return {"Webhooks": "\n".join(lines), "Board": f"{self.base_url}/v1/merchants/{self.merchant}/tickets"}

    def _completed(self, name: str, account: Mapping[str, str]) -> Mapping[str, str]:
        key = getattr(self._vendor(name), "OUR_ADDRESS", "")
        if not key or account.get(key):
            return account
        return {**account, key: self._address(name, account.get("token", ""))}

    def _vendor(self, name: str) -> ModuleType | None:
        """Find the vendor of an account's name; the board's tokens and further robots have none that calls."""
        try:
            return self.desk.find_vendor(*kind_of(name, None, self.desk.vendor_names()))
        except Permanent:
            return None

    def _address(self, name: str, token: str) -> str:
        return f"{self.base_url}/webhooks/{name}/{self.merchant}" + (f"/{token}" if token else "")
