"""What a merchant has at each vendor. Fields of other programs are ignored."""

from pydantic import BaseModel, Field


class DouyinAccount(BaseModel):
    app_key: str
    app_secret: str
    access_token: str
    shop_id: int | str
    base_url: str = ""


class ZtoAccount(BaseModel):
    app_key: str
    app_secret: str
    base_url: str = ""
    phone_tail: str = ""


class Kuaidi100Account(BaseModel):
    """`key` subscribes, `customer` signs queries, `secret` signs work orders."""

    key: str
    customer: str
    secret: str = ""
    base_url: str = ""


class JushuitanAccount(BaseModel):
    app_key: str
    app_secret: str
    access_token: str
    base_url: str = ""


class DingtalkAccount(BaseModel):
    access_token: str
    secret: str
    base_url: str = ""


class SelfbuiltAccount(BaseModel):
    secret: str = Field(pattern=r"^whsec_[A-Za-z0-9+/]+=*$")
    api_url: str = ""


class ChatAccount(BaseModel):
    secret: str = Field(pattern=r"^whsec_[A-Za-z0-9+/]+=*$")
    api_url: str = ""


class Credentials(BaseModel):
    """A merchant's document, as in `<home>/demo-merchant.json`."""

    douyin: DouyinAccount | None = None
    zto: ZtoAccount | None = None
    kuaidi100: Kuaidi100Account | None = None
    jushuitan: JushuitanAccount | None = None
    dingtalk: DingtalkAccount | None = None
    selfbuilt: SelfbuiltAccount | None = None
    chat: ChatAccount | None = None
    webhook_base: str = ""  # overrides --webhook-base
    webhooks: dict[str, str] = {}  # vendor -> full URL, overrides the path too
