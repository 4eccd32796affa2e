"""What is wrong with recorded data, by kind. It is counted and passed by: it stops nothing and raises no alarm."""

from collections import Counter

KINDS = {
    "columns": "列数与表头不同，略去 a row with another number of columns: left out",
    "no_order_id": "没有订单号，略去 no order number: left out",
    "order_id_rounded": "订单号已被表格四舍五入，请按文本导出，略去 "
    "an order number that a spreadsheet has rounded, export it as text: left out",
    "repeated_order": "订单号重复，略去 an order number for the second time: left out",
    "weight_unreadable": "权重不是大于 0 的数，略去 a weight that is no number above 0: left out",
    "no_milestones": "既无付款也无发货时间，略去 neither payment nor shipping: left out",
    "time_unreadable": "时间无法识别，按没有处理 a time that cannot be read: as if it were missing",
    "time_without_clock": "只有日期没有时分，请带时分导出，按没有处理 "
    "a day without a time of day, export both: as if it were missing",
    "time_as_number": "时间是一个数字（表格的日期序号或时间戳），请按日期时间格式导出，按没有处理 "
    "a number in place of a time, format the column as date and time: as if it were missing",
    "time_implausible": "时间早于 2000 年或晚于 2100 年，按没有处理 "
    "a time before 2000 or after 2100: as if it were missing",
    "amount_unreadable": "金额无法识别，敞口未知 an amount that is no sum of money: exposure unknown",
    "carrier_unusable": "快递既非代码也非常用名称，按没有处理 "
    "a carrier that is neither a short code nor a known name: as if it were missing",
    "no_payment_time": "没有付款时间，不判断付款起算的环节 no time of payment: not judged from payment on",
    "handed_before_paid": "发货早于付款，不判断发货 handed over before the payment: shipping not judged",
    "pickup_before_shipping": "揽收早于发货，不判断揽收 picked up before it was shipped: pickup not judged",
    "delivered_before_handed": "签收早于发货，不判断发货或揽收 "
    "delivered before it was handed over: shipping or pickup not judged",
    "delivered_before_paid": "签收早于付款，不判断付款起算的环节 "
    "delivered before the payment: not judged from payment on",
    "handover_missing": "在途却没有发货时间，不判断发货与揽收 "
    "on the road, but never handed over: shipping and pickup not judged",
    "milestone_missing": "途中缺一个时间，不判断揽收或走件 "
    "a time in the middle of the way is missing: pickup or movement not judged",
    "out_of_order": "途中的时间前后颠倒，不判断走件或派送 "
    "times in the middle of the way in an impossible order: movement or delivery not judged",
    "delivered_without_time": "已签收但不知何时，最后一个时间之后未定 "
    "delivered at an unknown time: undecided after its last milestone",
    "cancelled_without_time": "已关闭但不知何时，最后一个时间之后未定 "
    "cancelled at an unknown time: undecided after its last milestone",
    "cancelled_but_delivered": "已关闭却有签收，按签收处理 cancelled, but delivered: taken as delivered",
    "deadline_before_payment": "最晚发货时间早于付款，不判断发货 "
    "its own shipping deadline lies before the payment: shipping not judged",
    "image_unreadable": "本版本读不懂的状态，整单略去 "
    "a state of a case that this version cannot read: the case is left out",
    "began_before_history": "历史开始前就已开始，只判断之后开始的环节 "
    "began before the history: only what began later is judged",
    "other_merchant": "别家商户的状态，略去 a state of another merchant's case: left out",
}


class Dirt:
    """Counts by kind, with the first place of each."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.first: dict[str, str] = {}

    def add(self, kind: str, where: str) -> None:
        """Count one more of a kind that `KINDS` lists."""
        if kind not in KINDS:
            raise KeyError(kind)
        self.counts[kind] += 1
        self.first.setdefault(kind, where)

    def rows(self) -> list[tuple[str, int, str]]:
        """Give kind, count and first place, in the order of `KINDS`."""
        return [(kind, self.counts[kind], self.first[kind]) for kind in KINDS if self.counts[kind]]


def told(dirt: Dirt) -> str:
    """Say in a sentence what there is; nothing of none."""
    return "; ".join(f"{count} × {KINDS[kind]} ({first})" for kind, count, first in dirt.rows())
