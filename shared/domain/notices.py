"""What staff are told: tickets at once, notes in digests; and the case that meters a robot."""

from enum import StrEnum
from typing import NamedTuple

from shared.domain.record import Id, Instant, Record


class TicketKind(StrEnum):
    """Why a person is asked. The value is stored; `TICKETS` says what the person reads."""

    ABOVE_PAID = "above_paid"
    BUDGET_EXHAUSTED = "budget_exhausted"
    CALL_FAILED = "call_failed"
    CLAIM_DUE = "claim_due"
    COURIER_SILENT = "courier_silent"
    DEADLINE_NEAR = "deadline_near"
    DEADLINE_VERY_NEAR = "deadline_very_near"
    HELD_IN_PART = "held_in_part"
    INTERCEPTION_FAILED = "interception_failed"
    LABEL_PRINTED = "label_printed"
    LOSS = "loss"
    NO_ANSWER = "no_answer"
    ORDER_NOT_SYNCED = "order_not_synced"
    OTHER_GOODS_INSIDE = "other_goods_inside"
    OUTCOME_UNKNOWN = "outcome_unknown"
    PARTIAL_AMOUNT = "partial_amount"
    REQUEST_CHANGED = "request_changed"
    SHIPPED_NOT_SYNCED = "shipped_not_synced"
    STOPPED_THEN_WITHDRAWN = "stopped_then_withdrawn"
    TRIAL_EXHAUSTED = "trial_exhausted"


class TicketText(NamedTuple):
    """A ticket's title and what its reader should do."""

    title: str
    advice: str


TICKETS: dict[TicketKind, TicketText] = {
    TicketKind.ABOVE_PAID: TicketText(
        title="退款金额超过实付", advice="系统未做任何操作。请核对订单实付与退款金额后人工处理。"
    ),
    TicketKind.BUDGET_EXHAUSTED: TicketText(
        title="自动退款额度已用完", advice="商品已按流程拦截，请人工审核并在平台同意退款，或提高当日额度。"
    ),
    TicketKind.TRIAL_EXHAUSTED: TicketText(
        title="试行策略额度已用完",
        advice="试行的策略已停用并恢复上一版。请人工审核并在平台处理本单，再核对试行期间的自动退款。",
    ),
    TicketKind.CALL_FAILED: TicketText(title="接口调用失败", advice="请按错误码检查授权与配置，并人工完成该步骤。"),
    TicketKind.CLAIM_DUE: TicketText(title="拦截件超期未回仓", advice="请向快递公司查件，并按约定发起理赔。"),
    TicketKind.COURIER_SILENT: TicketText(title="快递拦截无回音", advice="请致电快递网点确认拦截结果。"),
    TicketKind.DEADLINE_NEAR: TicketText(title="平台处理时限临近", advice="请在时限前处理，逾期平台将自动退款。"),
    TicketKind.DEADLINE_VERY_NEAR: TicketText(title="平台处理时限即将到期", advice="请立即处理，逾期平台将自动退款。"),
    TicketKind.HELD_IN_PART: TicketText(
        title="整单仅部分退款，已在ERP转异常", advice="请在ERP中剔除退款商品后放行，再同意退款。"
    ),
    TicketKind.INTERCEPTION_FAILED: TicketText(title="包裹未能拦截", advice="请联系快递或买家，再决定同意或拒绝退款。"),
    TicketKind.LABEL_PRINTED: TicketText(title="已打单未出库，已转异常", advice="请仓库立即抽单；若已出库将自动拦截。"),
    TicketKind.LOSS: TicketText(title="已退款且货物未追回", advice="请凭下列时间证据向平台申诉或向快递理赔。"),
    TicketKind.NO_ANSWER: TicketText(title="多次查询未得到答复", advice="请人工确认该步骤是否完成。"),
    TicketKind.ORDER_NOT_SYNCED: TicketText(title="ERP中没有该订单", advice="请确认订单未下载到其他系统后同意退款。"),
    TicketKind.OTHER_GOODS_INSIDE: TicketText(title="包裹内含其他商品，未拦截", advice="请人工决定是否整包拦截。"),
    TicketKind.OUTCOME_UNKNOWN: TicketText(
        title="调用结果不明", advice="可能已经生效。请先在对方后台核实，切勿直接重复操作。"
    ),
    TicketKind.PARTIAL_AMOUNT: TicketText(
        title="仅退部分金额，未拦截", advice="买家可能保留商品。请人工审核金额与原因后处理。"
    ),
    TicketKind.REQUEST_CHANGED: TicketText(title="买家变更了售后类型", advice="自动流程已停止，请人工处理。"),
    TicketKind.SHIPPED_NOT_SYNCED: TicketText(title="ERP已发货但平台未同步", advice="已转入拦截，请尽快同步发货。"),
    TicketKind.STOPPED_THEN_WITHDRAWN: TicketText(
        title="买家撤销退款，但订单或包裹已被拦下", advice="请在ERP放行订单，或联系快递恢复派送。"
    ),
}


class Notice(Record):
    """One thing to tell a staff group. Urgent ones go at once; the rest wait for the digest."""

    title: str
    lines: tuple[str, ...] = ()
    urgent: bool = False


class Posting(Record):
    """A message handed to the robot's caller and not answered yet. `dropped` notices are told of by number only."""

    step: int
    notices: tuple[Notice, ...]
    at: Instant
    dropped: int = 0


class DigestCase(Record):
    """What waits to be told to one staff group, and how much its robot may still say.

    `sent` holds the times of the posts of the last minute; `dropped` counts notices beyond the limit on `pending`;
    `seen` holds digests of the last notices, so that a repeated delivery is not told twice.
    """

    group: Id
    pending: tuple[Notice, ...] = ()
    dropped: int = 0
    digest_at: Instant | None = None
    sent: tuple[Instant, ...] = ()
    muted_until: Instant | None = None
    postings: tuple[Posting, ...] = ()
    seen: tuple[str, ...] = ()
    step: int = 0

    @property
    def needs_people(self) -> bool:
        """Whether somebody should look at it: never, since its notices are somebody else's."""
        return False
