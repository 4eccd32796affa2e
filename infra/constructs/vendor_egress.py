"""Fixed addresses for the functions that call vendors: some vendors allow-list the caller's IP."""

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.suppression import accept_finding

ZONES = 2  # one NAT gateway and one address each
_ATTACHMENT = (
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)


class VendorEgress(Construct):
    """A network whose only way out is NAT with elastic addresses."""

    def __init__(self, scope: Construct, construct_id: str, *, stack_name: str) -> None:
        super().__init__(scope, construct_id)
        addresses = [ec2.CfnEIP(self, f"Address{zone + 1}", domain="vpc") for zone in range(ZONES)]
        self.addresses = [address.attr_public_ip for address in addresses]
        self.vpc = ec2.Vpc(
            self,
            "Network",
            max_azs=ZONES,
            nat_gateways=ZONES,
            nat_gateway_provider=ec2.NatProvider.gateway(
                eip_allocation_ids=[address.attr_allocation_id for address in addresses]
            ),
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Nat", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=28, map_public_ip_on_launch=False
                ),
                ec2.SubnetConfiguration(name="Callers", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=20),
            ],
        )
        self.vpc.add_gateway_endpoint("Table", service=ec2.GatewayVpcEndpointAwsService.DYNAMODB)
        flow_logs = logs.LogGroup(
            self,
            "FlowLogs",
            log_group_name=f"/huhang/{stack_name}/vendor_egress",
            retention=logs.RetentionDays.ONE_MONTH,
        )
        self.vpc.add_flow_log(
            "Flows",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(flow_logs),
            traffic_type=ec2.FlowLogTrafficType.REJECT,
        )

    def allow_attachment(self, role: iam.Role) -> None:
        """Let Lambda attach the function to the network, as AWS's own managed policy does."""
        role.add_to_policy(iam.PolicyStatement(actions=list(_ATTACHMENT), resources=["*"]))
        accept_finding(
            role, "AwsSolutions-IAM5[Resource::*]", "These EC2 actions know no narrower resource at creation."
        )
