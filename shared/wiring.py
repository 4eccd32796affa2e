"""The only place where adapters are made from settings: once per Lambda environment, and only what is asked for.

Imports are late on purpose: the webhook function calls into here and must not load pydantic or httpcore.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from shared.settings import ACCOUNTS_PREFIX, OPERATORS, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from shared.adapters.aws_clients import AwsClients
    from shared.adapters.clock import SystemClock
    from shared.adapters.dynamo_cases import DynamoCaseStore
    from shared.adapters.dynamo_deadlines import DynamoDueIndex
    from shared.adapters.dynamo_leftovers import DynamoCursors, DynamoUnknownPushes
    from shared.adapters.dynamo_merchants import DynamoMerchants
    from shared.adapters.dynamo_policies import DynamoPolicyStore
    from shared.adapters.dynamo_policy_changes import DynamoPolicyChanges
    from shared.adapters.dynamo_remains import DynamoRemains
    from shared.adapters.dynamo_routing_reports import DynamoRoutingReports
    from shared.adapters.dynamo_scores import DynamoScores
    from shared.adapters.httpcore_http import HttpcoreHttp
    from shared.adapters.lambda_function import LambdaFunction
    from shared.adapters.s3_archive import S3Archive
    from shared.adapters.secret_accounts import SecretAccounts
    from shared.adapters.signed_aws import SignedAws
    from shared.adapters.sqs_deliveries import SqsDeliveries
    from shared.adapters.sqs_queue import SqsQueue
    from shared.domain.chat import Understands
    from shared.domain.credentials import Vendors
    from shared.domain.crowd import Crowd
    from shared.domain.lanes import Lane
    from shared.telemetry import Telemetry
    from shared.workflows.count_pushes import PushCounter
    from shared.workflows.meter import Meter
    from shared.workflows.onboard_merchant import Office
    from shared.workflows.route_message import Reception
    from shared.workflows.take_call import Caller


CROWD_MIN = 50
"""Pushes of one merchant in ten seconds, at one environment of the door."""


@cache
def settings() -> Settings:
    """What this function was told about its surroundings."""
    return Settings.from_environment(os.environ)


@cache
def clock() -> SystemClock:
    """The machine's clock."""
    from shared.adapters.clock import SystemClock

    return SystemClock()


@cache
def telemetry() -> Telemetry:
    """The voice of this function."""
    from shared.telemetry import Telemetry

    return Telemetry(os.environ.get("AWS_LAMBDA_FUNCTION_NAME", ""))


@cache
def signed_aws() -> SignedAws:
    """The one way to AWS, with its kept connections."""
    from shared.adapters.signed_aws import SignedAws

    return SignedAws(os.environ)


@cache
def aws() -> AwsClients:
    """The table's and the queues' clients."""
    from shared.adapters.aws_clients import AwsClients

    return AwsClients(signed_aws())


@cache
def case_store() -> DynamoCaseStore:
    """The cases."""
    from shared.adapters.dynamo_cases import DynamoCaseStore

    return DynamoCaseStore(aws().dynamodb, settings().require_table())


@cache
def policy_store() -> DynamoPolicyStore:
    """The policies."""
    from shared.adapters.dynamo_policies import DynamoPolicyStore

    return DynamoPolicyStore(aws().dynamodb, settings().require_table())


@cache
def merchants() -> DynamoMerchants:
    """The list of merchants."""
    from shared.adapters.dynamo_merchants import DynamoMerchants

    return DynamoMerchants(aws().dynamodb, settings().require_table())


@cache
def policy_changes() -> DynamoPolicyChanges:
    """The policies that open cases may not know yet."""
    from shared.adapters.dynamo_policy_changes import DynamoPolicyChanges

    return DynamoPolicyChanges(aws().dynamodb, settings().require_table())


@cache
def routing_reports() -> DynamoRoutingReports:
    """What was made of the conversations."""
    from shared.adapters.dynamo_routing_reports import DynamoRoutingReports

    return DynamoRoutingReports(aws().dynamodb, settings().require_table())


@cache
def due_index() -> DynamoDueIndex:
    """The pointers to cases that may be due."""
    from shared.adapters.dynamo_deadlines import DynamoDueIndex

    return DynamoDueIndex(aws().dynamodb, settings().require_table())


@cache
def scores() -> DynamoScores:
    """The scorecards, and the parcels behind them."""
    from shared.adapters.dynamo_scores import DynamoScores

    return DynamoScores(aws().dynamodb, settings().require_table())


@cache
def remains() -> DynamoRemains:
    """Everything that is stored, by its place."""
    from shared.adapters.dynamo_remains import DynamoRemains

    return DynamoRemains(aws().dynamodb, settings().require_table())


@cache
def unknown_pushes() -> DynamoUnknownPushes:
    """Where pushes are kept that nobody has taught us."""
    from shared.adapters.dynamo_leftovers import DynamoUnknownPushes

    return DynamoUnknownPushes(aws().dynamodb, settings().require_table())


@cache
def cursors() -> DynamoCursors:
    """How far each source has been polled."""
    from shared.adapters.dynamo_leftovers import DynamoCursors

    return DynamoCursors(aws().dynamodb, settings().require_table())


@cache
def queue() -> SqsQueue:
    """The lanes."""
    from shared.adapters.sqs_queue import SqsQueue

    return SqsQueue(aws().sqs, settings(), clock())


@cache
def wide_queue() -> SqsQueue:
    """The lanes, for who sends thousands of messages: several calls are under way at once."""
    from concurrent.futures import ThreadPoolExecutor

    from shared.adapters.sqs_queue import SENDERS, SqsQueue

    return SqsQueue(aws().sqs, settings(), clock(), ThreadPoolExecutor(SENDERS).map)


@cache
def crowd() -> Crowd:
    """Who sends so much at the door that others would wait behind it: five pushes a second, in this environment."""
    from shared.domain.crowd import Crowd

    return Crowd(most=CROWD_MIN)


@cache
def clock_function() -> LambdaFunction:
    """The function that looks at deadlines and new policies."""
    from shared.adapters.lambda_function import LambdaFunction

    return LambdaFunction(signed_aws(), settings().require_clock(), os.environ)


@cache
def push_counter() -> PushCounter:
    """What this environment of the door has counted and not yet told."""
    from shared.workflows.count_pushes import PushCounter

    return PushCounter()


@cache
def archive() -> S3Archive:
    """Where history is kept."""
    from shared.adapters.s3_archive import S3Archive, bucket_url

    return S3Archive(signed_aws(), bucket_url(settings().require_history_bucket(), os.environ))


@cache
def accounts() -> SecretAccounts:
    """Merchants' credentials."""
    from shared.adapters.secret_accounts import SecretAccounts

    return SecretAccounts(signed_aws().secret_string, ACCOUNTS_PREFIX)


def robots() -> Vendors:
    """The operators' robots by name, as they are now; none where nobody has set any up."""
    from shared.adapters.secret_accounts import parse_secret

    text = signed_aws().secret_string(OPERATORS)
    return {} if text is None else parse_secret(text).vendors


@cache
def http() -> HttpcoreHttp:
    """The way to the vendors; to this machine's own sandbox only where AWS itself is a local cloud."""
    from shared.adapters.httpcore_http import HttpcoreHttp

    return HttpcoreHttp(sandbox_allowed="AWS_ENDPOINT_URL" in os.environ)


@cache
def caller() -> Caller:
    """Carries commands out."""
    from shared.adapters.dynamo_commands import DynamoCommandLedger
    from shared.adapters.vendors import find_vendor
    from shared.workflows.standings import Standings
    from shared.workflows.take_call import Caller

    ledger = DynamoCommandLedger(aws().dynamodb, settings().require_table(), clock())
    find_standing = Standings(merchants(), clock()).standing
    return Caller(
        accounts(),
        http(),
        ledger,
        queue(),
        clock(),
        find_vendor=find_vendor,
        find_standing=find_standing,
        meter=meter(),
    )


@cache
def meter() -> Meter:
    """What vendors allow, counted for all who call them."""
    from shared.adapters.dynamo_calls import DynamoCallTokens
    from shared.workflows.meter import Meter

    return Meter(DynamoCallTokens(aws().dynamodb, settings().require_table()), clock(), telemetry().used)


@cache
def reception() -> Reception:
    """Where chat desktops ask; it remembers desks from one question to the next."""
    from shared.workflows.route_message import Reception

    return Reception(case_store(), queue(), clock(), count_now, understands())


def understands() -> Understands:
    """What reads buyers' lines while they wait: the lexicon, and a model besides where the deployment names one."""
    from shared.rules.understanding.understand import understand

    if not settings().classifier_model:
        return understand
    from shared.adapters.bedrock_classifier import BUDGET, BedrockClassifier
    from shared.adapters.signed_aws import SignedAws, region_of

    timeout_s = BUDGET.total_seconds()
    return BedrockClassifier(
        lambda: SignedAws(os.environ, timeout_s=timeout_s, tries_max=1),
        f"https://bedrock-runtime.{region_of(os.environ)}.amazonaws.com",
        settings().classifier_model,
    )


def office(time_left_s: Callable[[], float]) -> Office:
    """Where merchants join."""
    from shared.adapters.dynamo_answers import DynamoAnswers
    from shared.adapters.merchant_secrets import MerchantSecrets
    from shared.adapters.vendors import find_vendor, vendor_names
    from shared.workflows.check_merchant import Desk
    from shared.workflows.onboard_merchant import Office

    return Office(
        merchants=merchants(),
        policies=policy_store(),
        secrets=MerchantSecrets(signed_aws(), ACCOUNTS_PREFIX),
        answers=DynamoAnswers(aws().dynamodb, settings().require_table(), clock()),
        desk=Desk(http(), clock(), find_vendor, vendor_names),
        base_url=settings().base_url,
        time_left_s=time_left_s,
    )


def count_now(what: str) -> None:
    """Write a metric; its voice is loaded only where there is something to count."""
    telemetry().counted(what)
    telemetry().flush()


@cache
def find_source(name: str) -> ModuleType:
    """Find the module of a vendor that pushes to us.

    Raises:
        UnknownSource: no vendor of this name pushes.
    """
    from shared.adapters.vendors import find_source

    return find_source(name)


def find_channel(name: str) -> ModuleType:
    """Find the module of a channel.

    Raises:
        UnknownSource: there is no such channel.
    """
    from shared.adapters.vendors import find_vendor

    return find_vendor("channels", name)


def find_vendors(name: str) -> Sequence[ModuleType]:
    """Give the modules of that name that can be polled."""
    from shared.adapters.vendors import find_vendor
    from shared.errors import UnknownSource

    found = []
    for kind in ("platforms", "couriers", "erps"):
        try:
            found.append(find_vendor(kind, name))
        except UnknownSource:
            continue
    return found


@cache
def deliveries(lane: Lane) -> SqsDeliveries:
    """The queues from which the consumer of a lane gets its messages."""
    from shared.adapters.sqs_deliveries import SqsDeliveries

    return SqsDeliveries(lambda: aws().sqs, settings(), lane)
