"""Saves the operators' queries where the console of CloudWatch Logs Insights offers them."""

from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.catalog import FUNCTIONS
from infra.queries import QUERIES


class SavedQueries(Construct):
    """All queries, in a folder of the stack's name."""

    def __init__(self, scope: Construct, construct_id: str, stack_name: str) -> None:
        super().__init__(scope, construct_id)
        for name, query in QUERIES.items():
            functions = query.functions or tuple(spec.name for spec in FUNCTIONS)
            logs.CfnQueryDefinition(
                self,
                name,
                name=f"{stack_name}/{name}",
                query_string=query.text,
                log_group_names=[f"/huhang/{stack_name}/{function}" for function in functions],
            )
