"""What each field of a policy means, Chinese first: the schema, `policy diff` and docs/policy.md say it in these words.

Named by the model and the field, so that a field means the same wherever its model stands.
"""

from typing import NamedTuple


class Meaning(NamedTuple):
    """A field's meaning in both languages, and whom a change of it concerns."""

    chinese: str
    english: str
    whom: str

    @property
    def text(self) -> str:
        """Both, as documents say it."""
        return f"{self.chinese} · {self.english}"


MONEY = "资金 money"
BUYERS = "买家 buyers"
STAFF = "员工 staff"
COURIERS = "快递 couriers"
ALL = "全部 everything"


def _of(whom: str, texts: dict[str, tuple[str, str]]) -> dict[str, Meaning]:
    return {name: Meaning(*text, whom) for name, text in texts.items()}


MEANINGS: dict[str, Meaning] = {
    **_of(
        MONEY,
        {
            "Policy.refund_on": ("在途仅退款何时同意", "when a refund for goods on the road is agreed"),
            "Policy.unsynced_order": (
                "ERP 中没有该订单时：`ask` 问人，`refund` 直接退款",
                "an order that the ERP does not know: ask a person, or refund",
            ),
            "Policy.intercept_amount_min_fen": (
                "低于此金额不拦截（分）",
                "below this, interception is not worth its fee (fen)",
            ),
            "Policy.budget_amount_max_fen": ("每日自动退款总额上限（分）", "automatic refunds per day, at most (fen)"),
            "Policy.budget_count_max": ("每日自动退款笔数上限", "and their number"),
            "Policy.trial": (
                "本版试行：到期前自动退款另受试行额度限制，用完即自动恢复上一版并通知客服群",
                "this version is on trial: its refunds draw on a budget of its own, and once that is used up the "
                "version before is in force again and the desk is told",
            ),
            "Trial.until": ("试行到何时", "how long the trial runs"),
            "Trial.amount_max_fen": ("试行期内自动退款总额上限（分）", "automatic refunds of the trial, at most (fen)"),
            "Trial.count_max": ("试行期内自动退款笔数上限", "and their number"),
            "Exposure.percent": ("违约金占实付的百分比", "what a breach costs, as a share of what was paid"),
            "Exposure.min_fen": ("违约金最低（分）", "at least (fen)"),
            "Exposure.max_fen": ("违约金最高（分）", "at most (fen)"),
            "Limit.exposure": ("超时的代价，用于排序", "what a breach costs: the worst come first"),
        },
    ),
    **_of(
        STAFF,
        {
            "Policy.platform_deadline": (
                "平台未给时限时的处理时限；平台给出的优先",
                "until when a request is answered where the platform names no deadline",
            ),
            "Policy.escalate_before": (
                "时限前多久升级，先早后晚两次",
                "how long before the deadline people are warned, twice",
            ),
            "Policy.return_max": ("退款后多少天未回仓提示理赔", "days after a refund until a claim is due"),
            "Policy.digest_every": ("汇总播报间隔", "pause between digests"),
            "Policy.desk": ("默认通知哪个群", "the group that is told where nobody else is"),
            "Policy.robots": ("每个群用哪个机器人", "which robot speaks to which group"),
            "Robot.channel": ("渠道：dingtalk、wecom、feishu、webhook", "the channel"),
            "Robot.account": ("账号在 Accounts 里的名字", "under which name its credentials stand in Accounts"),
            "Policy.watching": ("物流监控", "how closely parcels are watched"),
            "Watching.limits": (
                "自己的时限；与规则包同名的取代它",
                "limits of your own; they replace those of the same name",
            ),
            "Watching.hours": ("营业时间；升级按它计时", "business hours: patience is counted in them"),
            "Watching.escalations": (
                "工单多久无人接手，逐级通知哪个群",
                "who hears of a ticket that nobody takes, and when",
            ),
            "Watching.owners": ("哪种异常先归哪个群", "which group a kind of misfortune belongs to first"),
            "Watching.authority": (
                "各岗位处理工单的权限；超出的等上级审批，不报错",
                "what each role may do with tickets; the rest waits for approval",
            ),
            "Authority.close_fen_max": (
                "预计损失超过此数（分）的工单，关闭须审批",
                "a ticket that may cost more is closed by approval only (fen)",
            ),
            "Authority.answer_fen_max": (
                "预计损失超过此数（分）的工单，答复须审批",
                "a ticket that may cost more is answered by approval only (fen)",
            ),
            "Authority.refer": (
                "这些异常无论金额，关闭与答复都须审批",
                "kinds of trouble that are closed and answered by approval only, whatever they cost",
            ),
            "Watching.margin": (
                "预警在快递反应时间之外再留的余量",
                "what a warning leaves beyond the courier's time to react",
            ),
            "Watching.forced_refund_after": (
                "停滞多久后平台可能不经同意退款，写在工单里；不设则按规则包",
                "after how long a standstill the platform may refund by itself; tickets say so; else by the pack",
            ),
            "Watching.backfill_after": (
                "补导入的老订单超过多久不再打扰任何人",
                "what was older when we first heard of it disturbs nobody",
            ),
            "Escalation.after": ("工单建立后多久（营业时间）", "how long after the ticket opened, in business hours"),
            "Escalation.group": ("通知哪个群", "the group"),
            "Limit.rule": ("时限的名字，工单与报表用它", "its name, in tickets and reports"),
            "Limit.span": ("看哪个环节", "the stretch of the way"),
            "Limit.breach": ("超过多久算超时", "how long it may take"),
            "Limit.lead": ("提前多久预警", "how long before that people are warned"),
            "Limit.platforms": ("限哪些平台；空为全部", "only these platforms; all where empty"),
            "Limit.carriers": ("限哪些快递；空为全部", "only these couriers; all where empty"),
            "Limit.regions": ("限哪些省份（名称开头）；空为全部", "only these provinces, by how their names begin"),
            "Limit.remote_exempt": (
                "偏远地区不适用，规则包的同名时限也不",
                "not for remote provinces, nor is the pack's of the same name",
            ),
            "Limit.since": ("从何时付款的订单起适用", "for orders paid since"),
            "Limit.until": ("到何时付款的订单为止", "for orders paid before"),
            "Limit.in_hours": ("按营业时间计", "counted in business hours"),
            "Limit.watch": ("`false` 关掉这一条", "`false` switches it off"),
            "Limit.alert": ("`false` 只计时不开工单", "`false`: its clock is shown and counted, no ticket opens"),
            "Limit.source": ("数字的出处", "where the figure comes from"),
            "BusinessHours.zone": ("时区", "the time zone"),
            "BusinessHours.week": (
                "每周营业时间；没写的日子休息",
                "the weekly hours; a day that is not listed is closed",
            ),
            "BusinessHours.closed": ("休息日", "holidays"),
            "BusinessHours.extra": ("调班：当天以此为准", "hours of single days, in place of the week's"),
        },
    ),
    **_of(
        COURIERS,
        {
            "Policy.answer_max": ("等待对方应答多久后再问", "how long an answer is awaited before asking again"),
            "Policy.tries_max": ("问几次后交给人", "how often before a person is asked"),
            "Policy.query_every": ("多久查询一次拦截状态", "how often a courier is asked about an interception"),
            "Policy.courier_silence_max": ("拦截受理后多久无回音算失联", "silence after an interception was accepted"),
            "Policy.erp": ("用哪个 ERP", "which ERP holds the orders"),
            "Watching.trackers": ("哪家快递问谁要轨迹", "who is asked for a courier's scans"),
            "Watching.tracker": ("其余快递问谁", "and for all other couriers'"),
            "Watching.urge_by": (
                "由谁代发催件；默认由人打电话",
                "through whom a courier is urged; else a person calls",
            ),
            "Watching.heartbeat": ("多久没有任何轨迹就主动问一次", "after how long a silence a source is asked"),
            "Watching.resubscribe_after": ("订阅失效后多久再订", "how long after its end a subscription is renewed"),
            "Watching.subscriptions_max": ("最多订几次，之后建工单", "how often, before there is a ticket"),
            "Watching.watch_max": ("多久没有消息就不再跟踪", "how long a silent parcel is followed"),
        },
    ),
    **_of(
        BUYERS,
        {
            "Watching.buyer_platforms": ("哪些平台的买家可由护航通知", "on which platforms buyers are told of delays"),
            "Watching.buyer_progress": (
                "何时通知买家：`open` 超时或出错时，`half` 处理时限过半时，`close` 解决后；空则不通知",
                "when buyers are told: at the breach, at half of the time to solve it, when it is over; empty: never",
            ),
            "Policy.routing": ("会话分流", "where buyers' chats go"),
            "Routing.groups": ("客服组", "groups of people"),
            "Routing.rules": (
                "分流规则，从上到下，第一条符合的生效",
                "rules, from the top: the first that fits decides",
            ),
            "Routing.presale_group": ("售前组", "who answers before a purchase"),
            "Routing.aftersale_group": ("售后组", "who answers after it"),
            "Routing.logistics_group": ("物流组", "who answers where a parcel is in trouble"),
            "Routing.welcomes": ("欢迎语与关联问题，第一条符合的生效", "welcomes: the first that fits is shown"),
            "Routing.channels": (
                "渠道由谁分流：`active` 护航（默认），`advisory` 平台自己，护航只建议",
                "who decides on a channel: `active` we do (the default), `advisory` its platform does, we advise",
            ),
            "Routing.mode": ("谁先说话", "who speaks first"),
            "Routing.modes": ("某些时段、渠道用另一种模式", "another mode at some hours, for some channels"),
            "Routing.after_sales_days": ("售后期天数，自付款起", "days of after-sales service, from the payment"),
            "Routing.hot_items": ("热门商品", "hot items: people answer"),
            "Routing.high_price_fen": ("高价订单起点（分），转人工", "from this price on people answer (fen)"),
            "Routing.categories": ("商品 → 类目", "items and their categories"),
            "Routing.repeated_max": ("同一问题问几次转人工", "how often the same question, before a person is called"),
            "Routing.negative_max": ("几条负面消息转人工", "how many negative lines, before a person is called"),
            "Routing.offline_grace": ("客服掉线多久后换人", "sessions of one who is offline go to the next"),
            "Routing.silence_max": ("客服多久不回复换人", "an agent who does not answer loses the session"),
            "Routing.solve_max": ("解决时限", "until when a conversation should be solved"),
            "Routing.roster_ahead": ("排班空缺提前多久提醒", "how early a gap in the roster is told"),
            "Routing.session_idle_max": ("多久无人说话即关闭会话", "after how long a quiet conversation closes"),
            "Routing.push": ("主动推送会话变化给客服系统", "tell the chat desktop of every change"),
            "Group.title": ("组名", "its title"),
            "Group.agents": ("客服", "its people"),
            "Group.shifts": ("班次；不写则随时在岗", "shifts; without, all may work at any time"),
            "Agent.agent": ("客服账号", "the agent"),
            "Agent.seats": ("同时接待人数", "how many buyers at a time"),
            "Shift.agents": ("谁上这个班", "who works then"),
            "Shift.hours": ("什么时候", "when"),
            "Rule.rule": ("规则名，报表用它", "its name, in reports"),
            "Rule.when": ("条件；不写则总是符合", "the condition; without, it always fits"),
            "Rule.then": ("去哪里：`bot`、`group`、`agent` 选一", "where to: the bot, a group or one agent"),
            "Rule.shadow": ("只统计，不执行", "only counted, never followed"),
            "Action.bot": ("给机器人", "to the bot"),
            "Action.group": ("给某个组", "to a group"),
            "Action.agent": ("给某位客服", "to one person"),
            "Action.priority": ("0 最急，9 最不急", "0 is the most urgent"),
            "Action.tags": ("给会话加标签", "tags of the session"),
            "Action.note": ("给客服的提示", "what the agent should know"),
            "Welcome.welcome": ("欢迎语的名字", "its name"),
            "Welcome.when": ("条件，同规则；不写则总是符合", "the condition, as of a rule; without, it always fits"),
            "Welcome.text": ("对买家说什么，最多 500 字", "what the buyer reads, at most 500 characters"),
            "Welcome.questions": (
                "关联问题，最多 10 个，每个最多 100 字",
                "questions to tap, at most 10 of at most 100 characters",
            ),
            "ModeWindow.mode": ("哪种模式", "the mode"),
            "ModeWindow.hours": ("什么时候", "when"),
            "ModeWindow.channels": ("限哪些渠道；空为全部", "only these channels; all where empty"),
        },
    ),
    **_of(
        ALL,
        {
            "Policy.zone": ("按哪个时区的日期计额度、写时刻", "whose days the budget counts, whose clock tickets show"),
        },
    ),
}


def meaning_of(model: str, field: str) -> Meaning:
    """Give what a field of a model means."""
    return MEANINGS[f"{model}.{field}"]
