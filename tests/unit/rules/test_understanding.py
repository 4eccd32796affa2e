"""What single messages mean: one line per behaviour."""

import pytest

from shared.domain.chat import Intent, Tone
from shared.rules.understanding.lexicon import VERSION
from shared.rules.understanding.understand import understand

WANTS = [
    # what is asked for counts more than why
    ("质量太差要退款", Intent.REFUND),
    ("杯子碎了 给我换一个", Intent.EXCHANGE),
    ("鞋子小了 想退货", Intent.RETURN),
    ("快递一直不动 我不等了 退款", Intent.REFUND),
    ("质量太差了", Intent.QUALITY),
    # goods that go back are a return, with or without the money
    ("退货退款", Intent.RETURN),
    ("货都退回去一个星期了 钱还不退", Intent.REFUND),
    ("运费险怎么用", Intent.RETURN),
    # called off, or not wanted instead
    ("不想退了", Intent.OTHER),
    ("不用退了 给我换个好的就行", Intent.EXCHANGE),
    ("不换了 直接退款吧", Intent.REFUND),
    # a threat stays with what is asked for
    ("再不发货我就退款了", Intent.URGE_SHIPPING),
    # before and after the parcel has left
    ("什么时候发货", Intent.URGE_SHIPPING),
    ("什么时候能送到", Intent.LOGISTICS),
    ("还没发货 我要换个地址", Intent.CHANGE_ADDRESS),
    # narrow matters in the words of wider ones
    ("退货了发票怎么处理", Intent.INVOICE),
    ("降价了 能退差价吗", Intent.PRICE_DIFFERENCE),
    ("优惠券用不了", Intent.PAYMENT),
    ("换电池怎么换", Intent.PRODUCT_QUESTION),
    ("垃圾桶多少升的", Intent.PRODUCT_QUESTION),
    # what came is not what was bought
    ("漏发了一件", Intent.QUALITY),
    ("收到货了 但是里面少东西", Intent.QUALITY),
    # too little said
    ("在吗", Intent.GREETING),
    ("好的谢谢", Intent.GREETING),
    ("好的", Intent.OTHER),
    ("？", Intent.OTHER),
    ("", Intent.OTHER),
    ("28193847561029384", Intent.OTHER),
]

SPELLINGS = [
    (
        "退款",
        ["退宽", "退 款", "退退退款", "tk", "T K", "tui kuan", "ＴＵＩＫＵＡＮ", "我要退欠", "麻煩退錢", "[图片]退款"],
    ),
    ("快递到哪了", ["快第到哪了", "kd到哪了", "快遞到哪裡了", "快 递 到 哪 了"]),
    ("什么时候发货", ["啥时候法货", "幾時發貨", "什莫时候发或"]),
    ("没有收到货", ["木有收到货", "冇收到货", "未收到货"]),
]

TONES = [
    ("什么时候发货呀 谢谢", Tone.CALM),
    ("怎么还没发货", Tone.IMPATIENT),
    ("在吗？？？", Tone.IMPATIENT),
    ("都三天了还没发货", Tone.IMPATIENT),
    ("再不处理我就投诉你们", Tone.COMPLAINT),
    ("什么破质量", Tone.COMPLAINT),
    ("煞笔商家", Tone.ABUSIVE),
    ("t m d", Tone.ABUSIVE),
    ("买给我妈的 她嫌小", Tone.CALM),
    ("垃圾袋厚不厚", Tone.CALM),
    ("滚筒洗衣机脱水时震得厉害", Tone.CALM),
    ("我没有要投诉的意思", Tone.CALM),
    ("不着急 慢慢发", Tone.CALM),
]


@pytest.mark.parametrize(("text", "intent"), WANTS)
def test_a_message_wants(text: str, intent: Intent) -> None:
    assert understand(text).intent is intent


@pytest.mark.parametrize(("text", "variant"), [(text, variant) for text, all_ in SPELLINGS for variant in all_])
def test_a_message_means_the_same_however_it_is_spelt(text: str, variant: str) -> None:
    assert understand(variant).intent is understand(text).intent


@pytest.mark.parametrize(("text", "tone"), TONES)
def test_a_message_sounds(text: str, tone: Tone) -> None:
    assert understand(text).tone is tone


def test_a_reading_tells_its_reasons_and_the_lexicon_it_came_from() -> None:
    reading = understand("质量太差，你们是骗子，我要退款")
    assert "我要退款" in reading.evidence
    assert "骗子" in reading.evidence
    assert reading.version == VERSION


def test_a_clear_message_is_surer_than_a_doubtful_one() -> None:
    assert understand("申请退款").confidence > understand("能退吗").confidence > understand("那个吗").confidence
