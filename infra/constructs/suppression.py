"""Accepts a finding of cdk-nag where the rule does not fit, always with the reason."""

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def accept_finding(construct: IConstruct, rule: str, reason: str) -> None:
    """Accept one rule's finding on a construct and its children; the reason ends up in the template's audit trail."""
    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))
