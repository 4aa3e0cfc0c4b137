"""Fills moto and ministack with an organisation of three accounts, and prints the numbers of two of them."""

import argparse
import io
import json
import sys
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

# The account of moto. With MOTO_ACCOUNT_ID, moto would put all accounts into one, whoever asks.
MANAGEMENT = "123456789012"
VENDOR = "444455556666"
HOME, FAR = "eu-west-1", "us-east-1"
# Stands wherever a value could be kept by mistake. No report, log or saved answer may hold it.
CANARY = "canary-value-7f3a"
MODEL = "anthropic.claude-3-5-sonnet-20240620-v1:0"
# Moto has fewer calls of these: no action groups of agents, and no associations of clusters.
IN_MINISTACK = {"bedrock", "bedrock-agent", "lambda", "eks", "sqs"}
CONFIG = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=25)

GITHUB = "token.actions.githubusercontent.com"
CLUSTER = "oidc.eks.eu-west-1.amazonaws.com/id/5D1A93B0C7E64F2899A1C0D3E4F50617"
AWS_POLICY = "arn:aws:iam::aws:policy/"
BASIC = "service-role/AWSLambdaBasicExecutionRole"

# Roles as every account has them. None of these policies lets anybody ask a model.
PLAIN = [
    ("app-backup", "backup", "service-role/AWSBackupServiceRolePolicyForBackup"),
    ("app-logs", "lambda", BASIC),
    ("asset-reader", "ec2", "AmazonS3ReadOnlyAccess"),
    ("audit-trail", "cloudtrail", "CloudWatchLogsFullAccess"),
    ("bastion", "ec2", "AmazonSSMManagedInstanceCore"),
    ("batch-worker", "batch", "AmazonSQSFullAccess"),
    ("cache-warmer", "lambda", "AmazonElastiCacheReadOnlyAccess"),
    ("config-recorder", "config", "service-role/AWS_ConfigRole"),
    ("container-pull", "ecs-tasks", "service-role/AmazonECSTaskExecutionRolePolicy"),
    ("cost-report", "lambda", "AWSBillingReadOnlyAccess"),
    ("database-monitor", "monitoring.rds", "service-role/AmazonRDSEnhancedMonitoringRole"),
    ("events-forward", "events", "AmazonKinesisFullAccess"),
    ("flow-logs", "vpc-flow-logs", "CloudWatchLogsFullAccess"),
    ("image-builder", "ec2", "AmazonEC2ContainerRegistryPowerUser"),
    ("mail-bounce", "lambda", "AmazonSESFullAccess"),
    ("network-view", "ec2", "AmazonVPCReadOnlyAccess"),
    ("nodes", "ec2", "AmazonEKSWorkerNodePolicy"),
    ("queue-drain", "lambda", "service-role/AWSLambdaSQSQueueExecutionRole"),
    ("table-export", "glue", "AmazonDynamoDBReadOnlyAccess"),
    ("topic-relay", "sns", "AmazonSNSReadOnlyAccess"),
]


def statement(actions, resources="*", effect="Allow", **others):
    """A statement of a policy."""
    return {"Effect": effect, "Action": actions, "Resource": resources, **others}


def policy(*statements):
    """A policy as text."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def by_service(name):
    """Lets a service assume a role."""
    return policy(
        {"Effect": "Allow", "Principal": {"Service": f"{name}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    )


def by_account(number, external_id=None):
    """Lets another account assume a role."""
    allow = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{number}:root"},
        "Action": "sts:AssumeRole",
    }
    if external_id:
        allow["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    return policy(allow)


def by_issuer(account, issuer, condition):
    """Lets what an issuer vouches for assume a role."""
    provider = f"arn:aws:iam::{account.number}:oidc-provider/{issuer}"
    action = "sts:AssumeRoleWithWebIdentity"
    return policy(
        {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": action, "Condition": condition}
    )


def by_github(account, subject=None):
    """Lets workflows of GitHub assume a role; without a subject, those of everyone."""
    condition = {"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}}
    if subject:
        condition["StringLike"] = {f"{GITHUB}:sub": subject}
    return by_issuer(account, GITHUB, condition)


def by_pods():
    """Lets pods assume a role that an association gives them."""
    principal = {"Service": "pods.eks.amazonaws.com"}
    return policy({"Effect": "Allow", "Principal": principal, "Action": ["sts:AssumeRole", "sts:TagSession"]})


ASK = statement("bedrock:InvokeModel")
ASK_CLAUDE = statement(
    "bedrock:InvokeModel", "arn:aws:bedrock:*::foundation-model/anthropic.*", Sid="AskClaude"
)


class Account:
    """An account, with the credentials and the endpoints by which it is filled."""

    def __init__(self, number, moto, ministack, credentials):
        self.number, self.moto, self.ministack, self.credentials = number, moto, ministack, credentials
        self.clients = {}
        self.count, self.latest = 0, None

    def client(self, service, region=HOME):
        """The client of a service; one is made only once, which takes longer than a call."""
        if (service, region) not in self.clients:
            endpoint = self.ministack if service in IN_MINISTACK else self.moto
            options = {"region_name": region, "endpoint_url": endpoint, "config": CONFIG, **self.credentials}
            self.clients[service, region] = boto3.client(service, **options)
        return self.clients[service, region]

    def make(self, service, operation, region=HOME, **parameters):
        """Makes one object."""
        self.count, self.latest = self.count + 1, parameters
        return getattr(self.client(service, region), operation)(**parameters)

    def role(self, name, trust, *statements, attached=(), boundary=None, tags=None, path="/"):
        """Makes a role, and answers its ARN."""
        options = {"RoleName": name, "AssumeRolePolicyDocument": trust, "Path": path}
        if boundary:
            options["PermissionsBoundary"] = boundary
        if tags:
            options["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
        arn = self.make("iam", "create_role", **options)["Role"]["Arn"]
        for of_aws in attached:
            full = of_aws if of_aws.startswith("arn:") else AWS_POLICY + of_aws
            self.client("iam").attach_role_policy(RoleName=name, PolicyArn=full)
        if statements:
            document = policy(*statements)
            self.client("iam").put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
        return arn

    def managed(self, name, *statements):
        """Makes a managed policy of the account."""
        made = self.make("iam", "create_policy", PolicyName=name, PolicyDocument=policy(*statements))
        return made["Policy"]["Arn"]

    def user(self, name, *statements):
        """Makes a user with an access key."""
        self.make("iam", "create_user", UserName=name)
        self.make("iam", "create_access_key", UserName=name)
        if statements:
            document = policy(*statements)
            self.client("iam").put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)

    def secret(self, name, region=HOME):
        """Makes a secret."""
        self.make("secretsmanager", "create_secret", region, Name=name, SecretString=CANARY)

    def parameter(self, name, region=HOME):
        """Makes a parameter."""
        self.make("ssm", "put_parameter", region, Name=name, Value=CANARY, Type="SecureString")

    def issuer(self, name):
        """Trusts an issuer of identities."""
        options = {
            "Url": f"https://{name}",
            "ClientIDList": ["sts.amazonaws.com"],
            "ThumbprintList": ["0" * 40],
        }
        self.make("iam", "create_open_id_connect_provider", **options)

    def plain(self):
        """Makes the roles that every account has and that no inventory should show."""
        for name, service, attached in PLAIN:
            self.role(name, by_service(service), attached=[attached])


def empty_archive():
    """The code of every function."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("index.py"), "def handler(event, context): pass\n")
    return out.getvalue()


def function(account, name, role, region=HOME, variables=None):
    """Makes a function, and answers its ARN."""
    variables = {key: CANARY for key in variables or ["GREETING"]}
    options = {"FunctionName": name, "Role": role, "Runtime": "python3.12", "Handler": "index.handler"}
    options |= {"Code": {"ZipFile": empty_archive()}, "Environment": {"Variables": variables}}
    return account.make("lambda", "create_function", region, **options)["FunctionArn"]


# The organisation.


def organisation(management, moto, ministack):
    """Makes the accounts `shop` and `data`, each in a unit that forbids something else."""
    service = management.client("organizations")
    management.make("organizations", "create_organization", FeatureSet="ALL")
    root = service.list_roots()["Roots"][0]
    if not any(kind["Type"] == "SERVICE_CONTROL_POLICY" for kind in root.get("PolicyTypes", [])):
        service.enable_policy_type(RootId=root["Id"], PolicyType="SERVICE_CONTROL_POLICY")
    outside = {"StringNotLike": {"aws:RequestedRegion": "eu-*"}}
    no_models = statement("bedrock:InvokeModel*", effect="Deny", Sid="NoModels")
    in_europe = statement("bedrock:*", effect="Deny", Sid="OnlyInEurope", Condition=outside)
    places = [
        ("shop", "Retail", "bedrock-in-europe", in_europe),
        ("data", "Platform", "no-models", no_models),
    ]
    accounts, everywhere = {}, [root["Id"], management.number]
    for name, unit, forbids, document in places:
        made = management.make("organizations", "create_organizational_unit", ParentId=root["Id"], Name=unit)
        unit = made["OrganizationalUnit"]["Id"]
        asked = management.make(
            "organizations", "create_account", AccountName=name, Email=f"{name}@example.com"
        )
        number = asked["CreateAccountStatus"]["AccountId"]
        service.move_account(AccountId=number, SourceParentId=root["Id"], DestinationParentId=unit)
        options = {"Name": forbids, "Description": forbids, "Type": "SERVICE_CONTROL_POLICY"}
        made = management.make("organizations", "create_policy", Content=policy(document), **options)
        service.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=unit)
        everywhere += [unit, number]
        accounts[name] = member(management, number, moto, ministack)
    for target in everywhere:
        held = service.list_policies_for_target(TargetId=target, Filter="SERVICE_CONTROL_POLICY")["Policies"]
        if all(one["Id"] != "p-FullAWSAccess" for one in held):
            service.attach_policy(PolicyId="p-FullAWSAccess", TargetId=target)
    return accounts["shop"], accounts["data"]


def member(management, number, moto, ministack):
    """An account of the organisation, by the role that AWS makes in it."""
    role = "OrganizationAccountAccessRole"
    asked = {"RoleArn": f"arn:aws:iam::{number}:role/{role}", "RoleSessionName": "seed"}
    given = management.client("sts").assume_role(**asked)["Credentials"]
    names = {"aws_access_key_id": "AccessKeyId", "aws_secret_access_key": "SecretAccessKey"}
    names["aws_session_token"] = "SessionToken"
    account = Account(number, moto, ministack, {key: given[name] for key, name in names.items()})
    found = account.client("sts").get_caller_identity()["Account"]
    if found != number:
        sys.exit(f"golden.py: moto keeps {number} in {found}; start it without MOTO_ACCOUNT_ID")
    # Moto makes the role, and leaves out what AWS lets it do.
    account.client("iam").attach_role_policy(RoleName=role, PolicyArn=AWS_POLICY + "AdministratorAccess")
    return account


# The management account. Only this one is filled in ministack, which knows no credentials that moto gave out.


def agents(account):
    """Agents of Bedrock, with the functions, knowledge bases and agents that they use."""
    bedrock = by_service("bedrock")
    draft = account.role("refunds-agent-draft", bedrock, ASK_CLAUDE)
    first = account.role("refunds-agent-v1", bedrock, ASK_CLAUDE)
    reading = account.role("librarian-agent", bedrock, ASK_CLAUDE, statement("bedrock:Retrieve"))
    shared = account.role("support-agents", bedrock, ASK_CLAUDE)
    other = account.role("other-agents", bedrock, ASK_CLAUDE)
    guard = account.make(
        "bedrock",
        "create_guardrail",
        name="no-names",
        blockedInputMessaging="No.",
        blockedOutputsMessaging="No.",
    )

    mailer = lambda_with_role(account, "refunds-mailer", statement("ses:SendEmail"))
    payer = lambda_with_role(account, "payouts-writer", statement("dynamodb:PutItem"))
    reader = lambda_with_role(account, "librarian-reader", statement("s3:GetObject"))

    guarded = {
        "guardrailConfiguration": {"guardrailIdentifier": guard["guardrailId"], "guardrailVersion": "1"}
    }
    refunds = agent(account, "refunds", first, **guarded)
    action(account, refunds, "mail", mailer, {"send_receipt": "DISABLED"})
    alias = publish(account, refunds)
    # From here on the draft acts under another role than the version that the alias leads to.
    account.client("bedrock-agent").update_agent(agentId=refunds, **settings("refunds", draft), **guarded)

    payouts = agent(account, "payouts", other)
    action(account, payouts, "pay", payer, {"propose": "ENABLED", "pay_out": "ENABLED"})
    publish(account, payouts)

    librarian = agent(account, "librarian", reading)
    action(account, librarian, "shelf", reader, {"fetch": "DISABLED"})
    base = knowledge_base(account)
    account.make(
        "bedrock-agent",
        "associate_agent_knowledge_base",
        agentId=librarian,
        agentVersion="DRAFT",
        knowledgeBaseId=base,
        description="Manuals of all machines",
    )
    publish(account, librarian)

    memory = {"memoryConfiguration": {"enabledMemoryTypes": ["SESSION_SUMMARY"], "storageDays": 30}}
    concierge = agent(account, "concierge", other, agentCollaboration="SUPERVISOR", **memory)
    account.make(
        "bedrock-agent",
        "associate_agent_collaborator",
        agentId=concierge,
        agentVersion="DRAFT",
        agentDescriptor={"aliasArn": alias},
        collaboratorName="refunds",
        collaborationInstruction=f"Ask it for refunds. {CANARY}",
    )
    analyst = agent(account, "analyst", other)
    signed_action(account, analyst, "code", "AMAZON.CodeInterpreter")

    # Two agents under one role.
    german = agent(account, "support-de", shared)
    action(account, german, "ticket", None, {"open_ticket": "DISABLED"})
    french = agent(account, "support-fr", shared)
    signed_action(account, french, "ask-back", "AMAZON.UserInput")

    greeter = agent(account, "greeter", other, FAR)
    action(account, greeter, "mail", mailer, {"send_card": "DISABLED"}, FAR, actionGroupState="DISABLED")
    flow(account, alias, base)


def lambda_with_role(account, name, *statements):
    """A function under a role of its own."""
    role = account.role(f"{name}-role", by_service("lambda"), *statements, attached=[BASIC])
    return function(account, name, role)


def settings(name, role):
    """What every agent is made with."""
    instruction = f"You are the agent {name} of a shop. Be brief and polite. {CANARY}"
    return {
        "agentName": name,
        "agentResourceRoleArn": role,
        "foundationModel": MODEL,
        "instruction": instruction,
    }


def agent(account, name, role, region=HOME, **others):
    """Makes an agent, and answers its id."""
    made = account.make("bedrock-agent", "create_agent", region, **settings(name, role), **others)
    return made["agent"]["agentId"]


def action(account, of, name, runs, confirmations, region=HOME, **others):
    """Gives an agent functions, which a Lambda function runs, or else the application that asks."""
    functions = [
        {"name": each, "description": each, "requireConfirmation": confirmed}
        for each, confirmed in confirmations.items()
    ]
    executor = {"lambda": runs} if runs else {"customControl": "RETURN_CONTROL"}
    account.make(
        "bedrock-agent",
        "create_agent_action_group",
        region,
        agentId=of,
        agentVersion="DRAFT",
        actionGroupName=name,
        actionGroupExecutor=executor,
        functionSchema={"functions": functions},
        **others,
    )


def signed_action(account, of, name, signature):
    """Gives an agent an action that the service itself carries out."""
    account.make(
        "bedrock-agent",
        "create_agent_action_group",
        agentId=of,
        agentVersion="DRAFT",
        actionGroupName=name,
        parentActionGroupSignature=signature,
        actionGroupState="ENABLED",
    )


def publish(account, of):
    """Prepares an agent and makes an alias, for which AWS would make a version as well."""
    account.client("bedrock-agent").prepare_agent(agentId=of)
    made = account.make("bedrock-agent", "create_agent_alias", agentId=of, agentAliasName="live")
    return made["agentAlias"]["agentAliasArn"]


def knowledge_base(account):
    """Makes a knowledge base, and answers its id."""
    role = account.role("manuals-base", by_service("bedrock"), statement("s3:GetObject"))
    embeds = f"arn:aws:bedrock:{HOME}::foundation-model/amazon.titan-embed-text-v2:0"
    bucket = f"arn:aws:s3vectors:{HOME}:{account.number}:bucket/manuals"
    made = account.make(
        "bedrock-agent",
        "create_knowledge_base",
        name="manuals",
        roleArn=role,
        knowledgeBaseConfiguration={
            "type": "VECTOR",
            "vectorKnowledgeBaseConfiguration": {"embeddingModelArn": embeds},
        },
        storageConfiguration={
            "type": "S3_VECTORS",
            "s3VectorsConfiguration": {"vectorBucketArn": bucket, "indexName": "manuals"},
        },
    )
    return made["knowledgeBase"]["knowledgeBaseId"]


def flow(account, alias, base):
    """A flow that asks an agent and a knowledge base."""
    allowed = statement(["bedrock:InvokeAgent", "bedrock:Retrieve"])
    role = account.role("triage-flow", by_service("bedrock"), allowed)
    nodes = [
        {"name": "In", "type": "Input", "outputs": [{"name": "document", "type": "String"}]},
        {"name": "Ask", "type": "Agent", "configuration": {"agent": {"agentAliasArn": alias}}},
        {
            "name": "Read",
            "type": "KnowledgeBase",
            "configuration": {"knowledgeBase": {"knowledgeBaseId": base}},
        },
    ]
    account.make(
        "bedrock-agent", "create_flow", name="triage", executionRoleArn=role, definition={"nodes": nodes}
    )


def functions(account):
    """Functions that ask models, those that do not, and what starts the former."""
    models = account.managed("ask-any-model", statement("bedrock:*Model*", Sid="AnyModel"))
    pricing = account.role("pricing-role", by_service("lambda"), attached=[BASIC, models])
    # Two functions under one role; what starts the second names an alias of it.
    reviews = function(account, "reviews", pricing)
    pricing = function(account, "pricing", pricing)
    version = {"FunctionName": "reviews", "FunctionVersion": "$LATEST"}
    reviews = account.make("lambda", "create_alias", Name="live", **version)["AliasArn"]
    bot = account.role("assistant-bot-role", by_service("lambda"), attached=[BASIC])
    function(account, "assistant-bot", bot, variables=["OPENAI_API_KEY", "SYSTEM_PROMPT"])
    summarise = account.role(
        "summarise-role", by_service("lambda"), attached=[BASIC, "AmazonBedrockLimitedAccess"]
    )
    summarise = function(account, "summarise", summarise)
    stream = statement("bedrock:InvokeModelWithResponseStream")
    translate = account.role("translate-role", by_service("lambda"), stream, attached=[BASIC])
    translate = function(account, "translate", translate, FAR)
    agents_only = statement("bedrock:InvokeAgent")
    sorts = account.role(
        "inbox-role", by_service("lambda"), agents_only, attached=[BASIC], path="/service-role/"
    )
    function(account, "inbox", sorts)

    ordinary = account.role("functions", by_service("lambda"), attached=[BASIC])
    names = [
        "thumbnails",
        "invoices",
        "webhook",
        "signup",
        "cleanup",
        "sitemap",
        "exchange-rates",
        "stock-sync",
    ]
    for name in names:
        function(account, name, ordinary, variables=["TABLE", "LOG_LEVEL"])
    for name in ["health", "redirects"]:
        function(account, name, ordinary, FAR, variables=["TARGET"])

    every(account, "nightly-pricing", pricing, "cron(0 3 * * ? *)", "ENABLED")
    every(account, "hourly-reviews", reviews, "rate(1 hour)", "ENABLED")
    every(account, "translate-off", translate, "rate(1 hour)", "DISABLED", FAR)
    queues = {name: account.make("sqs", "create_queue", QueueName=name) for name in ["mail", "notes"]}
    arns = {name: f"arn:aws:sqs:{HOME}:{account.number}:{name}" for name in queues}
    account.make("lambda", "create_event_source_mapping", FunctionName="inbox", EventSourceArn=arns["mail"])
    reads = [statement(["sqs:ReceiveMessage", "sqs:DeleteMessage"]), statement("lambda:InvokeFunction")]
    pipe = account.role("notes-pipe", by_service("pipes"), *reads)
    account.make("pipes", "create_pipe", Name="notes", Source=arns["notes"], Target=summarise, RoleArn=pipe)


def every(account, name, target, when, state, region=HOME):
    """A rule that starts a function at certain times."""
    account.make("events", "put_rule", region, Name=name, ScheduleExpression=when, State=state)
    targets = [{"Id": "function", "Arn": target, "Input": json.dumps({"note": CANARY})}]
    account.client("events", region).put_targets(Rule=name, Targets=targets)


def state_machines(account):
    """State machines that ask models, one that does not, and schedules."""
    states = by_service("states")
    role = account.role("claims-role", states, ASK_CLAUDE, statement("lambda:InvokeFunction"))
    claims = machine(account, "claims", role, "arn:aws:states:::bedrock:invokeModel")
    # What a machine asks is evident, whether its role lets it or not.
    quiet = account.role("digest-role", states, statement("s3:GetObject"))
    machine(account, "digest", quiet, "arn:aws:states:::aws-sdk:bedrockruntime:converse", FAR)
    asks = account.role("complaints-role", states, statement("bedrock:InvokeAgent"))
    machine(
        account, "complaints", asks, "arn:aws:states:::aws-sdk:bedrockagentruntime:invokeAgent", within=True
    )
    pays = account.role("payroll-role", states, statement("sns:Publish"))
    machine(account, "payroll", pays, "arn:aws:states:::sns:publish")

    starts = account.role("claims-timer", by_service("scheduler"), statement("states:StartExecution"))
    schedule(account, "claims-weekly", claims, starts, "rate(7 days)")
    # The service itself asks the model: nothing of the account runs in between.
    asks = account.role("horoscope", by_service("scheduler"), ASK_CLAUDE)
    schedule(
        account, "horoscope", "arn:aws:scheduler:::aws-sdk:bedrockruntime:invokeModel", asks, "rate(1 day)"
    )


def machine(account, name, role, resource, region=HOME, within=False):
    """A state machine of one step, which may stand within a branch of another."""
    step = {
        "Type": "Task",
        "Resource": resource,
        "Parameters": {"ModelId": MODEL, "Body": CANARY},
        "End": True,
    }
    states = {"StartAt": "Step", "States": {"Step": step}}
    if within:
        branches = {"Type": "Parallel", "Branches": [states], "End": True}
        states = {"StartAt": "Branches", "States": {"Branches": branches}}
    definition = json.dumps(states)
    made = account.make(
        "stepfunctions", "create_state_machine", region, name=name, roleArn=role, definition=definition
    )
    return made["stateMachineArn"]


def schedule(account, name, target, role, when):
    """A schedule that starts a target."""
    target = {"Arn": target, "RoleArn": role, "Input": json.dumps({"prompt": CANARY})}
    options = {
        "Name": name,
        "ScheduleExpression": when,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": target,
    }
    account.make("scheduler", "create_schedule", **options)


def agentcore(account):
    """Runtimes and a gateway of AgentCore."""
    service = by_service("bedrock-agentcore")
    scout = account.role("scout-runtime", service, ASK_CLAUDE, statement("ecr:BatchGetImage"))
    runtime(account, "scout", scout, "HTTP", ["ANTHROPIC_API_KEY", "SYSTEM_PROMPT"])
    tools = account.role("tool-server-runtime", service, statement("dynamodb:Query"))
    runtime(account, "tool_server", tools, "MCP", ["TABLE"])
    calls = account.role("order-tools-gateway", service, statement("lambda:InvokeFunction"))
    writer = lambda_with_role(account, "orders-writer", statement("dynamodb:UpdateItem"))
    made = account.make(
        "bedrock-agentcore-control",
        "create_gateway",
        name="order-tools",
        roleArn=calls,
        protocolType="MCP",
        authorizerType="AWS_IAM",
    )
    schema = {"inlinePayload": [{"name": "cancel", "description": CANARY, "inputSchema": {"type": "object"}}]}
    account.make(
        "bedrock-agentcore-control",
        "create_gateway_target",
        gatewayIdentifier=made["gatewayId"],
        name="orders",
        targetConfiguration={"mcp": {"lambda": {"lambdaArn": writer, "toolSchema": schema}}},
        credentialProviderConfigurations=[{"credentialProviderType": "GATEWAY_IAM_ROLE"}],
    )


def runtime(account, name, role, protocol, variables, region=HOME):
    """A runtime of AgentCore from an image."""
    image = f"{account.number}.dkr.ecr.{region}.amazonaws.com/{name}:1.4.0"
    account.make(
        "bedrock-agentcore-control",
        "create_agent_runtime",
        region,
        agentRuntimeName=name,
        roleArn=role,
        agentRuntimeArtifact={"containerConfiguration": {"containerUri": image}},
        networkConfiguration={"networkMode": "PUBLIC"},
        protocolConfiguration={"serverProtocol": protocol},
        environmentVariables={variable: CANARY for variable in variables},
    )


def cluster(account):
    """A cluster whose pods act under roles."""
    nodes = account.role("prod-cluster", by_service("eks"), attached=["AmazonEKSClusterPolicy"])
    account.make(
        "eks", "create_cluster", name="prod", roleArn=nodes, resourcesVpcConfig={"subnetIds": ["a", "b"]}
    )
    reporter = account.role("reporter-pod", by_pods(), ASK)
    web = account.role("web-pod", by_pods(), statement("s3:GetObject"))
    for place, name, role in [("ai", "reporter", reporter), ("web", "frontend", web)]:
        options = {"clusterName": "prod", "namespace": place, "serviceAccount": name, "roleArn": role}
        account.make("eks", "create_pod_identity_association", **options)
    account.issuer(CLUSTER)
    subject, audience = f"{CLUSTER}:sub", {f"{CLUSTER}:aud": "sts.amazonaws.com"}
    one = {"StringEquals": {subject: "system:serviceaccount:search:indexer", **audience}}
    account.role("search-irsa", by_issuer(account, CLUSTER, one), ASK)
    wide = {"StringLike": {subject: "system:serviceaccount:*:assistant"}, "StringEquals": audience}
    account.role("assistant-irsa", by_issuer(account, CLUSTER, wide), ASK, statement("s3:PutObject"))


def pipelines(account):
    """Roles of pipelines on GitHub."""
    account.issuer(GITHUB)
    account.role("ci-power", by_github(account, "repo:acme/*"), attached=["PowerUserAccess"])
    account.role("ci-power-open", by_github(account), attached=["PowerUserAccess"])
    account.role("ci-review-any", by_github(account, "repo:*"), ASK)


def rights(account):
    """Roles that differ in how their policies let them ask a model, or do not."""
    ec2, code = by_service("ec2"), by_service("lambda")
    account.role("web-tier", ec2, attached=["AWSElasticBeanstalkWebTier"])
    account.role("admin-host", ec2, attached=["AdministratorAccess"])
    but_iam = {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}
    account.role("all-but-iam", ec2, but_iam)
    account.role("only-by-mcp", code, attached=["AWSMcpServiceActionsFullAccess"])

    storage = account.managed("only-storage", statement(["s3:*", "logs:*"]))
    account.role("bounded", code, ASK, boundary=storage)
    within = account.managed("only-bedrock", statement("bedrock:*"))
    account.role("within-bounds", code, ASK, statement("s3:PutObject"), boundary=within)
    from_vpc = {"StringEquals": {"aws:SourceVpc": "vpc-0a1b2c3d"}}
    account.role("vpc-only", code, statement("bedrock:InvokeModel", Condition=from_vpc))
    account.role("denied", code, ASK, statement("bedrock:*", effect="Deny", Sid="Never"))
    elsewhere = {"StringNotEquals": {"aws:SourceVpce": "vpce-0a1b2c3d"}}
    account.role("denied-elsewhere", code, ASK, statement("bedrock:*", effect="Deny", Condition=elsewhere))
    claude = "arn:aws:bedrock:*::foundation-model/anthropic.*"
    account.role("not-claude", code, ASK, statement("bedrock:InvokeModel", claude, effect="Deny"))
    team = {"StringEquals": {"aws:PrincipalTag/team": "ml"}}
    account.role("tagged", code, statement("bedrock:InvokeModel", Condition=team), tags={"team": "ml"})

    # AWS takes actions in any case, and `?` for one letter.
    account.role("odd-case", by_service("ecs-tasks"), statement("BEDROCK:invokemodel"))
    account.role("question-mark", by_service("codebuild"), statement("bedrock:InvokeMode?"))
    account.role(
        "model-list", code, statement(["bedrock:ListFoundationModels", "bedrock:GetFoundationModel"])
    )
    account.role("model-viewer", code, attached=["AmazonBedrockReadOnly"])
    account.role("quarantined", ec2, attached=["AdministratorAccess", "AWSDenyAll"])
    account.role("self-service", code, ASK, statement("iam:AttachRolePolicy"))
    # Of the versions of a policy, one is in force.
    for name, first, second in [
        ("downgraded", ASK, statement("s3:GetObject")),
        ("upgraded", statement("s3:GetObject"), ASK),
    ]:
        versions = account.managed(f"{name}-policy", first)
        options = {"PolicyArn": versions, "PolicyDocument": policy(second), "SetAsDefault": True}
        account.client("iam").create_policy_version(**options)
        account.role(name, code, attached=[versions])


def people(account):
    """Users, groups, vendors, and those who sign in elsewhere."""
    account.user("ml-batch", ASK, statement("s3:PutObject", "arn:aws:s3:::ml-batch/*"))
    account.user("printer", statement("s3:GetObject"))
    account.make("iam", "create_group", GroupName="ai-reviewers")
    iam = account.client("iam")
    document = policy(statement("bedrock:InvokeAgent"))
    iam.put_group_policy(GroupName="ai-reviewers", PolicyName="ask", PolicyDocument=document)
    account.user("reviewer")
    iam.add_user_to_group(GroupName="ai-reviewers", UserName="reviewer")
    account.make("iam", "create_group", GroupName="without-ai")
    document = policy(statement("bedrock:*", effect="Deny"))
    iam.put_group_policy(GroupName="without-ai", PolicyName="never", PolicyDocument=document)
    account.user("suspended", ASK)
    iam.add_user_to_group(GroupName="without-ai", UserName="suspended")

    account.role("vendor-watch", by_account(VENDOR, CANARY), ASK)
    account.role("vendor-open", by_account(VENDOR), ASK)
    provider = f"arn:aws:iam::{account.number}:saml-provider/staff"
    action = "sts:AssumeRoleWithSAML"
    staff = policy({"Effect": "Allow", "Principal": {"Federated": provider}, "Action": action})
    account.role("staff-admin", staff, attached=["AdministratorAccess"])


def fill_management(account):
    """Everything that stands in the management account, which no policy of the organisation binds."""
    agents(account)
    functions(account)
    state_machines(account)
    agentcore(account)
    cluster(account)
    pipelines(account)
    rights(account)
    people(account)
    account.secret("prod/openai/key")
    account.secret("prod/database/password")
    account.parameter("/prod/anthropic/api-key")
    account.secret("staging/gemini/key", FAR)
    account.plain()


# The account `shop`: Bedrock is allowed in Europe only.


def fill_shop(account):
    """Everything that stands in the account `shop`."""
    tasks = by_service("ecs-tasks")
    pulls = account.role("task-start", tasks, attached=["service-role/AmazonECSTaskExecutionRolePolicy"])
    chat = account.role("storefront-chat-task", tasks, ASK_CLAUDE, statement("dynamodb:PutItem"))
    task(account, "storefront-chat", chat, pulls, secrets=["ANTHROPIC_API_KEY"])
    web = account.role("storefront-web-task", tasks, statement("s3:GetObject"))
    task(account, "storefront-web", web, pulls)
    # The role of the execution starts the container; the code in it never gets it.
    starts = account.role("exporter-start", tasks, ASK)
    task(account, "exporter", None, starts)
    task(account, "storefront-web-us", web, pulls, FAR)

    account.issuer(GITHUB)
    account.role(
        "shop-ci",
        by_github(account, "repo:acme/shop:environment:prod"),
        ASK,
        statement("lambda:UpdateFunctionCode"),
    )
    code = by_service("lambda")
    europe = f"arn:aws:bedrock:{HOME}::foundation-model/*"
    account.role("product-texts", code, statement("bedrock:InvokeModel", europe))
    account.role("recommender", code, statement("sagemaker:InvokeEndpoint"))
    america = {"StringEquals": {"aws:RequestedRegion": FAR}}
    account.role("america-only", code, statement("bedrock:InvokeModel", Condition=america))
    storage = account.managed("only-storage", statement(["s3:*", "logs:*"]))
    account.role("shop-bounded", code, ASK, boundary=storage)
    account.role("shop-admin", by_service("ec2"), attached=["AdministratorAccess"])
    account.role("shop-web-tier", by_service("ec2"), attached=["AWSElasticBeanstalkWebTier"])
    anyone = policy({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})
    account.role("wide-open", anyone, ASK)
    account.role("shop-vendor", by_account(VENDOR, CANARY), statement("bedrock-agentcore:InvokeAgentRuntime"))
    account.user("shop-ml", ASK)

    role = account.role("returns-role", by_service("states"), ASK_CLAUDE)
    machine(account, "returns", role, "arn:aws:states:::bedrock:invokeModel")
    role = account.role("courier-runtime", by_service("bedrock-agentcore"), ASK)
    runtime(account, "courier", role, "HTTP", ["SYSTEM_PROMPT"], FAR)
    account.role("nightly-report", code, statement("bedrock-agentcore:InvokeAgentRuntime"))
    account.secret("shop/anthropic/key")
    account.parameter("/shop/mistral/key", FAR)
    account.plain()


def task(account, family, role, execution, region=HOME, secrets=()):
    """The definition of a task of one container."""
    where = f"arn:aws:secretsmanager:{region}:{account.number}:secret:shop"
    container = {"name": "app", "image": f"registry.example.com/{family}:2.1.0", "memory": 512}
    container["environment"] = [{"name": "GREETING", "value": CANARY}]
    container["secrets"] = [{"name": name, "valueFrom": f"{where}/{name.lower()}"} for name in secrets]
    roles = {"executionRoleArn": execution} | ({"taskRoleArn": role} if role else {})
    options = {"family": family, "containerDefinitions": [container], **roles}
    account.make("ecs", "register_task_definition", region, **options)


# The account `data`: no model may be invoked.


def fill_data(account):
    """Everything that stands in the account `data`."""
    service = by_service("sagemaker")
    full = ["AmazonSageMakerFullAccess"]
    role = account.role("forecast-role", service, attached=full)
    image = f"{account.number}.dkr.ecr.{HOME}.amazonaws.com/forecast:7"
    container = {"Image": image, "Environment": {"HF_TOKEN": CANARY}}
    account.make(
        "sagemaker", "create_model", ModelName="forecast", ExecutionRoleArn=role, PrimaryContainer=container
    )
    lab = account.role("lab-role", service, attached=full)
    notebook = {"InstanceType": "ml.t3.medium"}
    account.make("sagemaker", "create_notebook_instance", NotebookInstanceName="lab", RoleArn=lab, **notebook)
    plain = account.role("sketches-role", service, statement("s3:GetObject"))
    account.make(
        "sagemaker", "create_notebook_instance", NotebookInstanceName="sketches", RoleArn=plain, **notebook
    )
    studio = account.role(
        "studio-role", service, statement("sagemaker:InvokeEndpoint"), statement("s3:PutObject")
    )
    account.make(
        "sagemaker",
        "create_domain",
        DomainName="studio",
        AuthMode="IAM",
        VpcId="vpc-0a1b2c3d",
        SubnetIds=["subnet-0a1b2c3d"],
        DefaultUserSettings={"ExecutionRole": studio},
    )

    glue, code = by_service("glue"), by_service("lambda")
    account.role("etl-ask", glue, statement("bedrock:InvokeModel*"))
    account.role("etl-speech", glue, statement("bedrock:InvokeModelWithBidirectionalStream"))
    account.role("etl-retrieve", glue, ASK, statement("bedrock:Retrieve"))
    account.role("etl-batch", glue, statement("bedrock:CreateModelInvocationJob"), statement("s3:PutObject"))
    account.role("compatible", code, statement("bedrock-mantle:CreateInference"))
    account.role("question-desk", code, statement("qbusiness:ChatSync"))
    # The account `shop` has one of the same name.
    account.role("nightly-report", code, statement("bedrock-agentcore:InvokeAgentRuntime"))
    account.role("data-admin", by_service("ec2"), attached=["AdministratorAccess"])
    account.role("data-web-tier", by_service("ec2"), attached=["AWSElasticBeanstalkWebTier"])
    account.issuer(GITHUB)
    account.role("data-ci", by_github(account, "repo:acme/*"), attached=["PowerUserAccess"])
    account.user("data-batch", ASK)

    tasks = by_service("ecs-tasks")
    indexer = account.role("indexer-task", tasks, ASK)
    pulls = account.role("task-start", tasks, attached=["service-role/AmazonECSTaskExecutionRolePolicy"])
    task(account, "indexer", indexer, pulls)
    account.secret("data/warehouse/password")
    account.plain()


def main():
    """Seeds both emulators."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moto", required=True, metavar="URL")
    parser.add_argument("--ministack", required=True, metavar="URL")
    given = parser.parse_args()
    # Ministack takes such a key for the account of this number, and moto every key that it did not make.
    keys = {"aws_access_key_id": MANAGEMENT, "aws_secret_access_key": "x"}
    management = Account(MANAGEMENT, given.moto, given.ministack, keys)
    accounts = [management]
    try:
        found = management.client("sts").get_caller_identity()["Account"]
        if found != MANAGEMENT:
            sys.exit(f"golden.py: moto is {found}, not {MANAGEMENT}; start it without MOTO_ACCOUNT_ID")
        shop, data = organisation(management, given.moto, given.ministack)
        for account, fill in [(management, fill_management), (shop, fill_shop), (data, fill_data)]:
            accounts.append(account)
            fill(account)
    # An emulator answers with a page of HTML where it does not know a call.
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        sys.exit(f"golden.py: {error}\nin the account {accounts[-1].number}, for {accounts[-1].latest}")
    made = ", ".join(f"{account.count} in {account.number}" for account in [management, shop, data])
    print(f"golden.py: made objects: {made}", file=sys.stderr)
    print(json.dumps({"shop": shop.number, "data": data.number}))


if __name__ == "__main__":
    main()
