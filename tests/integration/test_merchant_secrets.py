"""What was taken of a merchant is kept in a secret of ours; it can be taken away and come back."""

from datetime import timedelta

import pytest

from shared.adapters.dynamo_answers import DynamoAnswers
from shared.adapters.merchant_secrets import MerchantSecrets
from shared.adapters.signed_aws import AwsRefused
from shared.domain.credentials import Secret
from shared.domain.joining import Answer
from tests.fakes import FakeAnswers, FakeClock, FakeMerchantSecrets, FakeTable
from tests.integration.conftest import NOW, TABLE, Backend
from tests.moto_aws import MotoAws

OLD, NEW = Secret({"shop": {"key": "old"}}), Secret({"shop": {"key": "new"}}, {}, NOW + timedelta(hours=1))


@pytest.fixture(params=["memory", "moto"])
def secrets(request: pytest.FixtureRequest):
    if request.param == "memory":
        return FakeMerchantSecrets(FakeTable())
    return MerchantSecrets(request.getfixturevalue("aws"), "huhang/merchants/")


def test_what_was_taken_is_replaced_taken_away_and_comes_back(secrets) -> None:
    assert secrets.kept("shop") is None
    secrets.drop("shop")
    for change, secret in (("1", OLD), ("2", NEW), ("3", OLD)):
        secrets.keep("shop", secret, change)
        assert secrets.kept("shop") == secret
    assert secrets.kept("another") is None
    for _ in range(2):
        secrets.drop("shop")
        assert secrets.kept("shop") is None
    secrets.keep("shop", NEW, "4")
    assert secrets.kept("shop") == NEW


def test_a_secret_that_is_dropped_can_be_restored_by_people_for_a_month(aws: MotoAws) -> None:
    secrets = MerchantSecrets(aws, "huhang/merchants/")
    secrets.keep("shop", OLD, "1")
    secrets.drop("shop")
    found = aws.secrets.describe_secret(SecretId="huhang/merchants/shop")
    assert 29 <= (found["DeletedDate"] - found["LastChangedDate"]).days <= 30


def test_what_a_merchant_offers_is_read_by_its_arn(aws: MotoAws) -> None:
    arn = aws.secrets.create_secret(Name="huhang-merchant-shop", SecretString="{}")["ARN"]
    secrets = MerchantSecrets(aws, "huhang/merchants/")
    assert secrets.offered(arn) == "{}"
    assert secrets.offered(arn.replace("huhang-merchant-shop", "huhang-merchant-other")) is None


class Closed:
    """A secret in another account that was not shared with us."""

    def __init__(self, code: str) -> None:
        self.code = code

    def secret_string(self, name: str) -> str | None:
        """Say no."""
        raise AwsRefused(400, self.code, {})


@pytest.mark.parametrize("code", ["AccessDeniedException", "DecryptionFailure"])
def test_what_is_not_shared_with_us_cannot_be_read(code: str) -> None:
    assert MerchantSecrets(Closed(code), "p/").offered("arn") is None  # type: ignore[arg-type]
    with pytest.raises(AwsRefused):
        MerchantSecrets(Closed(code), "p/").kept("shop")  # type: ignore[arg-type]


@pytest.fixture(params=["memory", "dynamo"])
def answers(request: pytest.FixtureRequest):
    if request.param == "memory":
        return FakeAnswers(FakeTable())
    backend: Backend = request.getfixturevalue("dynamo")
    assert backend.clients
    return DynamoAnswers(backend.clients.dynamodb, TABLE, FakeClock(NOW))


def test_what_a_stack_was_told_is_found_by_its_request(answers) -> None:
    told = {"one": Answer(True, "shop", "", {"Webhooks": "shop: https://…"}), "two": Answer(False, "shop", "不行")}
    for request, answer in told.items():
        assert answers.answer(request) is None
        answers.keep(request, answer)
    assert {request: answers.answer(request) for request in told} == told
