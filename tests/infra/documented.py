"""The metrics of AWS that alarms and dashboard look at, as AWS documents them: unit, and sets of dimensions.

Lambda: "Types of metrics for Lambda functions"; SQS: "Available CloudWatch metrics for Amazon SQS"; DynamoDB: "DynamoDB
Metrics and dimensions"; CloudWatch Logs: "Monitoring with CloudWatch metrics"; API Gateway: "Monitor CloudWatch metrics
for HTTP APIs". Read in 2026-11.
"""

FUNCTION, REGION = frozenset({"FunctionName"}), frozenset[str]()
QUEUE, TABLE = frozenset({"QueueName"}), frozenset({"TableName"})
LOGS = frozenset({"LogGroupName"})
API, STAGE = frozenset({"ApiId"}), frozenset({"ApiId", "Stage"})

DOCUMENTED: dict[tuple[str, str], tuple[str, set[frozenset[str]]]] = {
    ("AWS/Lambda", "Invocations"): ("Count", {FUNCTION, REGION}),
    ("AWS/Lambda", "Errors"): ("Count", {FUNCTION, REGION}),
    ("AWS/Lambda", "Throttles"): ("Count", {FUNCTION, REGION}),
    ("AWS/Lambda", "Duration"): ("Milliseconds", {FUNCTION, REGION}),
    ("AWS/Lambda", "ConcurrentExecutions"): ("Count", {FUNCTION, REGION}),
    ("AWS/Lambda", "IteratorAge"): ("Milliseconds", {FUNCTION}),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): ("Seconds", {QUEUE}),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): ("Count", {QUEUE}),
    ("AWS/SQS", "NumberOfMessagesSent"): ("Count", {QUEUE}),
    ("AWS/SQS", "NumberOfMessagesDeleted"): ("Count", {QUEUE}),
    ("AWS/SQS", "NumberOfMessagesReceived"): ("Count", {QUEUE}),
    ("AWS/SQS", "NumberOfEmptyReceives"): ("Count", {QUEUE}),
    ("AWS/DynamoDB", "ReadThrottleEvents"): ("Count", {TABLE}),
    ("AWS/DynamoDB", "WriteThrottleEvents"): ("Count", {TABLE}),
    ("AWS/DynamoDB", "ConsumedWriteCapacityUnits"): ("Count", {TABLE}),
    ("AWS/DynamoDB", "ConsumedReadCapacityUnits"): ("Count", {TABLE}),
    ("AWS/Logs", "IncomingBytes"): ("Bytes", {LOGS, REGION}),
    ("AWS/ApiGateway", "5xx"): ("Count", {API, STAGE}),
    ("AWS/ApiGateway", "4xx"): ("Count", {API, STAGE}),
    ("AWS/ApiGateway", "Count"): ("Count", {API, STAGE}),
    ("AWS/ApiGateway", "Latency"): ("Milliseconds", {API, STAGE}),
}
