"""Which queue carries what: one lane per consumer, named after the work it holds."""

from enum import StrEnum


class Lane(StrEnum):
    """A queue and the one function behind it. The value names the queue and its environment variable."""

    REFUNDS = "refunds"  # handle_refund: order and refund events
    PARCELS = "parcels"  # track_parcel: scans and everything that concerns one parcel
    CHATS = "chats"  # follow_chat: conversations and desks
    PLATFORM_CALLS = "platform-calls"  # call_platform
    COURIER_CALLS = "courier-calls"  # call_courier
    ERP_CALLS = "erp-calls"  # call_erp
    NOTIFICATIONS = "notifications"  # send_notification

    @property
    def variable(self) -> str:
        """Name of the environment variable that holds the queue's URL."""
        return "HUHANG_QUEUE_" + self.name


INBOXES = (Lane.REFUNDS, Lane.PARCELS, Lane.CHATS)  # what has happened; the other lanes carry what is to be done

ASIDE = "-aside"
"""How the name of a lane's second queue ends: for whatever would hold the others up, a crowd or a silent vendor."""
