"""Who plays in a scene: its orders, parcels and refunds by number, and everything that people outside can do to them.

Ids are those of one run: decimal, beyond 2^53 like the platform's own, and never used twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from infra.local.demo.chat_desk import Asked, ChatDesk
from infra.local.demo.desk import Desk
from infra.local.demo.outside import Outside
from shared.domain.tickets import Anomaly

Plan = Mapping[str, Any]
NUMBERS = {"zto": "75", "yto": "YT7", "sto": "777", "yunda": "432", "jt": "JT7"}
"""How each courier's numbers begin; the run's eight digits and four of the scene follow."""
NOTHING: Mapping[str, object] = {}


@dataclass
class Cast:
    """One scene's people and things. `run` is unique per demo: simulated seconds since 1970."""

    outside: Outside
    desk: Desk
    chats: ChatDesk
    merchant: str
    credentials: Mapping[str, Any]
    run: int
    scene: int
    now: Callable[[], datetime]
    platform: str = "douyin"
    carriers: Mapping[int, str] = field(default_factory=dict)  # parcel: courier, where it is not zto
    answers: list[int] = field(default_factory=list)  # huhang's, to what the scene sent by itself
    asked: list[Asked] = field(default_factory=list)  # buyers' lines, and where they were sent

    def carrier(self, number: int = 1) -> str:
        """Name the courier that really takes a parcel."""
        return self.carriers.get(number, "zto")

    def order(self, number: int = 1) -> str:
        """Name an order."""
        return self._id(1, number)

    def line(self, number: int = 1, place: int = 1) -> str:
        """Name a line of an order."""
        return self._id(2, number, place)

    def refund(self, number: int = 1) -> str:
        """Name a refund."""
        return self._id(3, number)

    def waybill(self, number: int = 1, way: int = 1) -> str:
        """Name a parcel; way 2 is the number under which it comes back."""
        prefix = NUMBERS[self.carrier(number)]
        return f"{prefix}{self.run % 10**8:08d}{self.scene:02d}{number}{way}"

    def session(self) -> str:
        """Name the conversation."""
        return f"S-{self.run}-{self.scene:02d}"

    def _id(self, kind: int, number: int, place: int = 0) -> str:
        return f"692{self.run:010d}{self.scene:02d}{kind}{number}{place}"


class Step(NamedTuple):
    """Something that somebody does, and what a reader of the demo is told of it."""

    told: str
    do: Callable[[Cast], object]


def order(number: int, *lines_fen: int, erp: str = "WaitConfirm", told: str = "买家付款", **how: object) -> Step:
    """Let a buyer pay an order."""

    def do(cast: Cast) -> None:
        cast.outside.do(
            "orders",
            merchant=cast.merchant,
            platform=cast.platform,
            order_id=cast.order(number),
            paid_fen=sum(lines_fen),
            lines=[
                {"line_id": cast.line(number, place), "amount_fen": fen} for place, fen in enumerate(lines_fen, start=1)
            ],
            erp={"status": erp},
            **how,
        )

    return Step(told, do)


def ship(
    plan: Plan,
    *,
    orders: Sequence[int] = (1,),
    told: str = "已发货",
    road: Mapping[str, object] = NOTHING,
    **how: bool,
) -> Step:
    """Hand one parcel over, with the first line of each order inside; `road` is what is special about its way."""

    def do(cast: Cast) -> None:
        number = orders[0]
        lines = [cast.line(one) for one in orders]
        parcel = {"waybill": cast.waybill(number), "carrier": cast.carrier(number), "line_ids": lines, **road}
        parcel["plan"] = _named(plan, cast, number)
        cast.outside.do(f"orders/{cast.order(number)}/ship", parcels=[parcel], **how)

    return Step(told, do)


def ask(
    number: int = 1, amount_fen: int = 5900, kind: str = "refund_only_shipped", told: str = "买家申请仅退款", **how: Any
) -> Step:
    """Let a buyer ask for money back."""

    def do(cast: Cast) -> None:
        cast.outside.do(
            "refunds",
            merchant=cast.merchant,
            platform=cast.platform,
            refund_id=cast.refund(number),
            order_id=cast.order(number),
            line_id=cast.line(number),
            kind=kind,
            amount_fen=amount_fen,
            **how,
        )

    return Step(told, do)


def act(action: str, told: str, number: int = 1, **how: Any) -> Step:
    """Let buyer, merchant or platform do something to a refund."""
    return Step(told, lambda cast: cast.outside.do(f"refunds/{cast.refund(number)}/{action}", **how))


def send_back(plan: Plan, parcel: int) -> Step:
    """Let the buyer send the refund's goods back, in a parcel of its own."""

    def do(cast: Cast) -> None:
        road = {"waybill": cast.waybill(parcel), "carrier": cast.carrier(parcel), "plan": plan}
        cast.outside.do(f"refunds/{cast.refund()}/buyer_ships", **road)

    return Step("买家寄回退货", do)


def tracking(happens: str, told: str, **how: object) -> Step:
    """Decide what becomes of the subscriptions to a parcel."""
    return Step(told, lambda cast: cast.outside.do(f"parcels/{cast.waybill()}/subscription", happens=happens, **how))


def change_road(told: str, number: int = 1, **how: object) -> Step:
    """Change how a parcel can be tracked from now on."""
    return Step(told, lambda cast: cast.outside.do(f"parcels/{cast.waybill(number)}", **how))


def take(anomaly: Anomaly, by: str, number: int = 1, text: str = "", *, closed: bool = False) -> Step:
    """Let a person at the board deal with a parcel's ticket."""

    def do(cast: Cast) -> None:
        said = {"by": by, "text": text, "closed": closed}
        cast.desk.take("parcel", f"{cast.carrier(number)}:{cast.waybill(number)}", anomaly, said)

    return Step(f"{by}在看板上{'关闭' if closed else '接手'}", do)


def courier_writes(text: str) -> Step:
    """Let the courier's people write something under the work order about a parcel."""
    return Step(
        f"快递答复工单：{text}",
        lambda cast: cast.outside.do(f"parcels/{cast.waybill()}/work_order", text=text, closed=True),
    )


def file_answer(text: str) -> Step:
    """Let a program file what it has read at the courier's about a parcel."""
    return Step(f"快递来消息：{text}", lambda cast: cast.desk.file(cast.carrier(), cast.waybill(), text))


def fail(vendor: str, api: str, kind: str, told: str) -> Step:
    """Let the next call of an API go wrong."""
    fault = {"vendor": vendor, "api": api, "kind": kind, "times": 1, "delay_s": 0.3}
    return Step(told, lambda cast: cast.outside.do("faults", **fault))


def repeat_all(told: str) -> Step:
    """Send every message of the platform about this scene again, the last one first."""

    def do(cast: Cast) -> None:
        mine = {cast.order(1), cast.refund(1)}
        pushes = [push for push in cast.outside.pushes() if push["about"] in mine]
        cast.answers += cast.outside.repeat(cast.merchant, dict(cast.credentials), pushes[::-1], cast.now())

    return Step(told, do)


def _named(plan: Plan, cast: Cast, number: int) -> Plan:
    """Fill the number of the way back into a plan."""
    back = plan.get("way_back")
    if back is None:
        return plan
    new = cast.waybill(number, way=2)
    scans = [
        {**scan, "new_waybill": new, "desc": f"快件退回，新单号{new}"} if scan.get("new_waybill") else scan
        for scan in back["scans"]
    ]
    return {**plan, "way_back": {"scans": scans}}
