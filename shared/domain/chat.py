"""What a buyer's chat message wants, and in which mood it was written.

The intents and tones are closed lists; where two intents fit, the order of precedence stands in
`shared/rules/understanding/lexicon.py`. `Understands` is the port: the lexicon answers it today, a model may tomorrow.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Protocol

from pydantic import Field

from shared.domain.record import Record

EVIDENCE_MAX = 6


class Intent(StrEnum):
    """What the buyer wants done or known."""

    REFUND = "refund"
    """退款: money back, or the order called off, with nothing to send back; also "where is my money"."""
    RETURN = "return"
    """退货: goods go back, with or without the money: 退货退款, 七天无理由, 运费险, 上门取件, 拒收."""
    EXCHANGE = "exchange"
    """换货: another item in its place: size, colour, a new one for the broken one, 补发, a change before shipping."""
    LOGISTICS = "logistics"
    """物流: where the parcel is, when it arrives, which courier, freight, how it is handed over."""
    URGE_SHIPPING = "urge_shipping"
    """催发货: the order has not left yet: when will it, hurry up."""
    CHANGE_ADDRESS = "change_address"
    """改地址: address, recipient or telephone number of an order."""
    INVOICE = "invoice"
    """发票: wanted, wrong, late."""
    QUALITY = "quality"
    """质量: what came is not what was bought: defective, damaged, wrong, missing, spoiled, fake; and its repair."""
    PRICE_DIFFERENCE = "price_difference"
    """差价: the price fell (价保), or a difference is to be paid (补差价)."""
    PAYMENT = "payment"
    """支付: paying and placing the order, deductions, coupons that do not work."""
    PRODUCT_QUESTION = "product_question"
    """商品咨询: size, stock, material, use, price and offers."""
    GREETING = "greeting"
    """招呼: hello, thanks, goodbye and nothing else."""
    OTHER = "other"
    """Everything else, and what says too little: 转人工, 好的, an order number, a complaint without a subject."""


class Tone(StrEnum):
    """The mood of one message, from mild to severe."""

    CALM = "calm"
    IMPATIENT = "impatient"
    """Presses: 怎么还没, 都三天了, 快点, asked again and again."""
    COMPLAINT = "complaint"
    """Blames or threatens: bad, liars, 投诉, 差评, 12315."""
    ABUSIVE = "abusive"
    """Insults people."""

    @property
    def is_complaint(self) -> bool:
        """Whether it blames somebody."""
        return self in (Tone.COMPLAINT, Tone.ABUSIVE)


Confidence = Annotated[float, Field(ge=0, le=1)]
"""0 to 1, in two decimals."""


class Understanding(Record):
    """One message as it was understood, with the phrases that decided it (in normalised spelling)."""

    intent: Intent
    confidence: Confidence
    tone: Tone
    tone_confidence: Confidence
    evidence: tuple[str, ...] = Field(default=(), max_length=EVIDENCE_MAX)
    version: str


class Understands(Protocol):
    """The port: reads one message of a buyer, knowing how her earlier ones of the same session were understood."""

    def __call__(self, text: str, earlier: Sequence[Understanding] = ()) -> Understanding:
        """Understand a message; any text is allowed."""
