"""The couriers that parcels travel with, and what others call them.

Codes of Kuaidi100 are documented; Douyin is known to share those that are marked so in its documents, the rest of them
and the ERP's `lc_id` are likely but unverified.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Carrier = Literal["zto", "sf", "yto", "sto", "yunda", "jt", "jdl", "ems", "deppon"]
NamedCarrier = Literal["", "zto", "sf", "yto", "sto", "yunda", "jt", "jdl", "ems", "deppon"]
"""What a shop says of a parcel: nothing, the right courier or a wrong one."""


class CarrierWords(NamedTuple):
    """One courier by the names of Kuaidi100 and Douyin (`code`), people, and the ERP."""

    code: str
    name: str
    erp: str


CARRIERS: Mapping[NamedCarrier, CarrierWords] = {
    "": CarrierWords("", "", ""),
    "zto": CarrierWords("zhongtong", "中通快递", "ZTO"),
    "sf": CarrierWords("shunfeng", "顺丰速运", "SF"),
    "yto": CarrierWords("yuantong", "圆通速递", "YTO"),
    "sto": CarrierWords("shentong", "申通快递", "STO"),
    "yunda": CarrierWords("yunda", "韵达快递", "YUNDA"),
    "jt": CarrierWords("jtexpress", "极兔速递", "JT"),
    "jdl": CarrierWords("jd", "京东物流", "JD"),
    "ems": CarrierWords("ems", "EMS", "EMS"),
    "deppon": CarrierWords("debangwuliu", "德邦快递", "DBL"),
}
BY_CODE: Mapping[str, Carrier] = {
    "zhongtong": "zto",
    "shunfeng": "sf",
    "yuantong": "yto",
    "shentong": "sto",
    "yunda": "yunda",
    "jtexpress": "jt",
    "jd": "jdl",
    "ems": "ems",
    "youzhengguonei": "ems",
    "debangwuliu": "deppon",
}
