"""Buyers who write: a thread for every path that a line can take. The desks are shared, so the minutes are apart."""

from infra.local.demo.plans import DAY_MIN
from infra.local.demo.scenes import ChatEnd, Cue, Scene, Sent
from infra.local.demo.talk import answers, at_the_desks, ends, is_here, returns, says
from infra.local.demo.watch_scenes import HOME, shipped

NIGHT_MIN = 600.0  # eleven in the evening
MORNING_MIN = DAY_MIN - 235.0  # five past nine

CHAT_SCENES: tuple[Scene, ...] = (
    Scene(
        40,
        "presale_question",
        "售前咨询：机器人接待",
        "a question before buying",
        (
            Cue(31, at_the_desks("买家：这双鞋有42码吗", says("这双鞋有42码吗", item="SKU-7"), answers())),
            Cue(45, at_the_desks("会话结束", ends())),
        ),
        {},
        chat=ChatEnd((Sent("bot", "default.bot_first"),)),
    ),
    Scene(
        41,
        "vip",
        "VIP要退款：专属客服",
        "a VIP",
        (
            Cue(30, at_the_desks("客服上线：anna、bert、lena", is_here("anna"), is_here("bert"), is_here("lena"))),
            Cue(31, at_the_desks("买家：我要退款", says("我要退款", tags=("vip",)), answers("anna"))),
            Cue(45, at_the_desks("会话结束", ends())),
        ),
        {},
        chat=ChatEnd((Sent("agent", "vip-refund", "aftersale", "anna"),), told=((1, "agent"),)),
    ),
    Scene(
        42,
        "angry",
        "买家发火：优先转人工",
        "an angry buyer",
        (
            *shipped(HOME),
            Cue(32, at_the_desks("买家：你们是骗子", says("你们是骗子，我要投诉", order=1), answers("bert"))),
            Cue(32, at_the_desks("会话结束", ends())),
        ),
        {},
        chat=ChatEnd((Sent("agent", "default.upset_buyer", "aftersale", "bert"),), told=((1, "agent"),)),
    ),
    Scene(
        43,
        "agent_gone",
        "坐席掉线：换人，交还机器人，旧坐席的话作废",
        "an agent goes; the next takes over, and returns it",
        (
            *shipped(HOME),
            Cue(33, at_the_desks("买家：都三天了还没到", says("都三天了还没到，垃圾店铺，差评", order=1))),
            Cue(34, at_the_desks("bert 掉线", is_here("bert", "offline"))),
            Cue(37, at_the_desks("买家：人呢；anna 应答", says("人呢？？", order=1), answers("anna"))),
            Cue(45, at_the_desks("anna 交还机器人", returns())),
            Cue(46, at_the_desks("买家：好的谢谢；bert 迟到的话", says("好的谢谢", order=1), answers("bert", token=1))),
            Cue(60, at_the_desks("会话结束", answers(), ends())),
        ),
        {},
        chat=ChatEnd(
            (
                Sent("agent", "default.upset_buyer", "aftersale", "bert"),
                Sent("agent", "default.upset_buyer", "aftersale", "anna"),
                Sent("bot", "default.bot_first"),
            ),
            told=((1, "agent"), (2, "waiting"), (2, "agent"), (3, "bot")),
            late_lines=1,
        ),
    ),
    Scene(
        44,
        "nobody_online",
        "无人在线：排队，上线即接",
        "nobody is online",
        (
            Cue(45, at_the_desks("买家：没人吗", says("没人吗，再没人理我就投诉你们"))),
            Cue(46, at_the_desks("xiaomei 上线", is_here("xiaomei"))),
            Cue(47, at_the_desks("买家：终于有人了；xiaomei 应答", says("终于有人了"), answers("xiaomei"))),
            Cue(60, at_the_desks("会话结束，xiaomei 下线", ends(), is_here("xiaomei", "offline"))),
        ),
        {},
        chat=ChatEnd(
            (
                Sent("waiting", "default.upset_buyer", "presale"),
                Sent("agent", "default.upset_buyer", "presale", "xiaomei"),
            ),
            told=((1, "waiting"), (1, "agent")),
        ),
    ),
    Scene(
        45,
        "night",
        "夜间：机器人值守，早上转人工",
        "at night the bot, in the morning a person",
        (
            *shipped(HOME),
            Cue(NIGHT_MIN, at_the_desks("买家：你们骗人", says("你们骗人，我要投诉", order=1), answers())),
            Cue(NIGHT_MIN + 1, at_the_desks("会话结束", ends())),
            Cue(
                MORNING_MIN,
                at_the_desks("买家：没人回我", says("昨晚没人管我，我要投诉你们", order=1), answers("anna"), ends()),
            ),
        ),
        {},
        chat=ChatEnd(
            (Sent("bot", "default.bot_only"), Sent("agent", "default.upset_buyer", "aftersale", "anna")),
            told=((3, "agent"),),
        ),
    ),
)
