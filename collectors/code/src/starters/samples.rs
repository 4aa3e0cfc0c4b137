//! One file or more of each kind.

use super::StarterFile as F;
use super::pipeline_samples::*;

const WORKFLOW: &str = "\
name: Nightly agent
on:
  schedule:
    - cron: '0 2 * * *'
    # and at noon
    - cron: \"0 12 * * 1\"
  issues:
    types: [opened, edited]
  issue_comment:
  workflow_dispatch:
    inputs:
      x: {required: false}
  workflow_call:
defaults:
  run:
    working-directory: agents
jobs:
  triage:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - name: go
        env:
          KEY: ${{ secrets.KEY }}
        run: |
          pip install -r requirements.txt
          python nightly.py \\
            --all
      - run: npm run triage
        working-directory: ./web
      - shell: python
        run: print('x')
  other:
    uses: ./.github/workflows/other.yml
";

const GITLAB: &str = "\
stages: [run]
default:
  before_script:
    - cd agents
.base:
  script:
    - pip install .
nightly:
  extends: .base
  rules:
    - if: $CI_PIPELINE_SOURCE == \"schedule\"
    - if: '$CI_PIPELINE_SOURCE == \"web\" && $A'
    - if: $CI_PIPELINE_SOURCE == \"push\"
      when: never
  script:
    - !reference [.base, script]
    - python nightly.py
review:
  only: [merge_requests]
  before_script: []
  script: python review.py
test:
  script:
    - |
      pytest
      python x.py
  when: manual
plain:
  script: [make]
";

const VERCEL: &str = "{
  \"crons\": [
    {\"path\": \"/api/cron\", \"schedule\": \"0 5 * * *\"},
    {
      \"path\": \"/api/weekly\",
      \"schedule\": \"0 0 * * 0\"
    }
  ]
}
";

const CRONTAB: &str = "\
# m h dom mon dow command
SHELL=/bin/bash
TOKEN = x y
0 2 * * *  cd /opt/app && python3 scripts/nightly.py >> log 2>&1
@daily /usr/bin/node /opt/app/digest.js
*/5 1-3,7 * JAN mon-fri date +\\%F %in
@reboot ./start.sh
0 */5 * * * * python six.py
not a line
";

const CRON_D: &str = "30 3 * * * root python /srv/agent/run.py\n";

const WRANGLER: &str = "\
name = \"agent\"
main = \"src/index.ts\"

[triggers]
crons = [
  \"0 * * * *\",
  \"*/30 * * * *\"
]

[[queues.consumers]]
queue = \"tasks\"

[env.staging.triggers]
crons = [\"0 1 * * *\"]
";

const WRANGLER_JSONC: &str = "{
  // the worker
  \"main\": \"src/index.ts\",
  \"triggers\": {\"crons\": [\"0 * * * *\"]},
}
";

const SERVERLESS: &str = "\
service: agent
functions:
  nightly:
    handler: src/handler.main
    events:
      - schedule: rate(5 minutes)
      - schedule:
          rate: [cron(0 12 * * ? *), rate(1 day)]
      - sqs:
          arn: arn:aws:sqs:eu-west-1:123456789012:tasks
      - sqs:
          arn: !GetAtt Tasks.Arn
      - s3: uploads
      - sns: {topicName: news}
      - http: GET /run
      - httpApi:
          path: /webhook/github
      - http
";

const SAM: &str = "\
Globals:
  Function:
    CodeUri: src/
Resources:
  Table:
    Type: AWS::DynamoDB::Table
  Agent:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.lambda_handler
      Events:
        Nightly:
          Type: Schedule
          Properties:
            Schedule: rate(1 hour)
        Tasks:
          Type: SQS
          Properties:
            Queue: !GetAtt TaskQueue.Arn
";

pub(super) const CRONJOB: &str = "\
apiVersion: v1
kind: ConfigMap
---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: agent
spec:
  schedule: \"0 4 * * *\"
  jobTemplate:
    spec:
      template:
        spec:
          containers:
            - name: a
              image: x
              workingDir: /app
              command: [\"/bin/sh\", \"-c\"]
              args:
                - python -m agent.nightly && echo done
";

const TIMER: &str = "[Unit]\nDescription=x\n\n[Timer]\nOnCalendar=*-*-* 02:00:00\nOnUnitActiveSec=1h\nUnit=agent-run.service\n";

const PROCFILE: &str = "\
web: gunicorn app:app
worker: celery -A app worker
clock: python clock.py
# comment
release: python manage.py migrate
";

const RENDER: &str = "\
services:
  - type: web
    name: site
    startCommand: gunicorn app:app
  - type: cron
    name: nightly
    rootDir: agents
    schedule: \"0 3 * * *\"
    startCommand: python nightly.py
  - type: worker
    name: loop
    startCommand: python loop.py
";

const NETLIFY: &str = "[build]\nfunctions = \"fns\"\n\n[functions.nightly]\nschedule = \"@daily\"\n";

const DO: &str = "\
name: x
jobs:
  - name: migrate
    kind: PRE_DEPLOY
    run_command: python migrate.py
  - name: nightly
    kind: SCHEDULED
    schedule: {cron: '0 1 * * *'}
    source_dir: /agents
    run_command: python nightly.py
workers:
  - name: q
    run_command: rq worker
";

const RAILWAY: &str =
    "{\"deploy\": {\n\"cronSchedule\": \"0 * * * *\",\n\"startCommand\": \"python x.py\"}}\n";
const GAE: &str = "cron:\n- description: digest\n  url: /tasks/digest\n  schedule: every 24 hours\n";
const AZURE: &str = "{\n\"scriptFile\": \"../dist/nightly.js\",\n\"bindings\": [\n{\"type\": \"timerTrigger\", \"schedule\": \"0 */5 * * * *\"},\n{\"type\": \"queueTrigger\",\n\"queueName\": \"tasks\"}, {\"type\": \"blob\"}]}\n";

const TERRAFORM: &str = r#"
data "archive_file" "nightly" {
  type       = "zip"
  source_dir = "${path.module}/../src"
}

resource "aws_lambda_function" "nightly" {
  function_name = "nightly"
  filename      = data.archive_file.nightly.output_path
  handler       = "agent.nightly.main"
  runtime       = "python3.12"
}

resource "aws_cloudwatch_event_rule" "nightly" {
  schedule_expression = "rate(1 day)"
}

resource "aws_cloudwatch_event_target" "nightly" {
  rule = aws_cloudwatch_event_rule.nightly.name
  arn  = aws_lambda_function.nightly.arn
}

resource "aws_lambda_event_source_mapping" "tasks" {
  event_source_arn = aws_sqs_queue.tasks.arn
  function_name    = aws_lambda_function.other.arn
}

resource "aws_lambda_function" "other" {
  s3_bucket = "b"
  handler   = "app.handler"
}

resource "aws_scheduler_schedule" "task" {
  schedule_expression = var.schedule
  target {
    arn      = aws_ecs_cluster.main.arn
    role_arn = aws_iam_role.x.arn
    ecs_parameters {
      task_definition_arn = aws_ecs_task_definition.agent.arn
    }
  }
}

resource "aws_ecs_task_definition" "agent" {
  container_definitions = jsonencode([{
    image   = "${aws_ecr_repository.agent.repository_url}:latest"
    command = ["python", "-m", "agent"]
  }])
}

resource "google_cloud_scheduler_job" "digest" {
  schedule = "0 6 * * *"
  http_target {
    uri = "https://run.googleapis.com/v2/jobs/${google_cloud_run_v2_job.digest.name}:run"
  }
}

resource "google_cloud_run_v2_job" "digest" {
  template {
    template {
      containers {
        image   = "eu.gcr.io/acme/digest"
        command = ["python", "digest.py"]
      }
    }
  }
}

resource "kubernetes_cron_job_v1" "weekly" {
  spec {
    schedule = "0 0 * * 0"
    job_template {
      spec {
        template {
          spec {
            container {
              image = "acme/weekly:1"
            }
          }
        }
      }
    }
  }
}
"#;

const TERRAFORM_JSON: &str = r#"{
  "resource": {
    "aws_sns_topic_subscription": {
      "news": [{
        "protocol": "lambda",
        "topic_arn": "${aws_sns_topic.news.arn}",
        "endpoint": "${aws_lambda_function.news.arn}"
      }]
    }
  }
}
"#;

const STACK: &str = "AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Nightly:
    Type: AWS::Lambda::Function
    Properties:
      Handler: nightly.handler
      Code: ../lambda
  Rule:
    Type: AWS::Events::Rule
    Properties:
      ScheduleExpression: cron(0 2 * * ? *)
      Targets:
        - Arn: !GetAtt Nightly.Arn
          Id: x
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt [Tasks, Arn]
      FunctionName: !Ref Nightly
  Later:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: rate(1 hour)
      Target:
        Arn: !Sub '${Cluster.Arn}'
        EcsParameters:
          TaskDefinitionArn: !Ref Task
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions:
        - Image: !Sub '${AWS::AccountId}.dkr.ecr.eu-west-1.amazonaws.com/agent:1'
";

const SERVICE: &str = "[Service]\nExecStart=/usr/bin/python3 /srv/run.py\n";

const DOCKERFILE: &str = "\
FROM golang:1.24 AS build
RUN go build -o /app/agent ./cmd/agent
FROM scratch
ENTRYPOINT [\"/app/agent\"]
CMD [\"--once\"]
";

const COMPOSE: &str = "\
services:
  agent:
    image: ghcr.io/acme/agent:latest
    build:
      context: ./svc
      dockerfile: Dockerfile.agent
    restart: always
  db:
    image: postgres
";

const KEDA: &str = "\
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: agent
spec:
  scaleTargetRef:
    name: agent
  triggers:
    - type: aws-sqs-queue
      metadata:
        queueURL: https://sqs.eu-west-1.amazonaws.com/1/tasks
    - type: cpu
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: agent
spec:
  template:
    spec:
      containers:
        - image: acme/agent
          args: [--verbose]
";

/// Kind, path and text.
pub(super) const SAMPLES: &[(F, &str, &str)] = &[
    (F::GithubWorkflow, ".github/workflows/nightly.yml", WORKFLOW),
    (F::GitlabCi, ".gitlab-ci.yml", GITLAB),
    (F::VercelJson, "web/vercel.json", VERCEL),
    (F::Crontab, "deploy/crontab", CRONTAB),
    (F::Crontab, "etc/cron.d/agent", CRON_D),
    (F::Wrangler, "w/wrangler.toml", WRANGLER),
    (F::Wrangler, "wrangler.jsonc", WRANGLER_JSONC),
    (F::Serverless, "fn/serverless.yml", SERVERLESS),
    (F::CloudFormation, "template.yaml", SAM),
    (F::Kubernetes, "k8s/job.yaml", CRONJOB),
    (F::SystemdTimer, "deploy/agent.timer", TIMER),
    (F::Procfile, "Procfile", PROCFILE),
    (F::RenderYaml, "render.yaml", RENDER),
    (F::Netlify, "netlify.toml", NETLIFY),
    (F::DigitalOcean, ".do/app.yaml", DO),
    (F::Railway, "railway.json", RAILWAY),
    (F::AppEngineCron, "cron.yaml", GAE),
    (F::AzureFunction, "nightly/function.json", AZURE),
    (F::Terraform, "infra/main.tf", TERRAFORM),
    (F::Terraform, "infra/news.tf.json", TERRAFORM_JSON),
    (F::CloudFormation, "infra/stack.yaml", STACK),
    (F::SystemdService, "deploy/agent.service", SERVICE),
    (F::Dockerfile, "svc/Dockerfile", DOCKERFILE),
    (F::Compose, "docker-compose.yml", COMPOSE),
    (F::Kubernetes, "k8s/keda.yaml", KEDA),
    (F::AgenticWorkflow, ".github/workflows/sweep.md", AGENTIC),
    (F::AzurePipelines, "azure-pipelines.yml", AZURE_PIPELINE),
    (F::Bitbucket, "bitbucket-pipelines.yml", BITBUCKET),
    (F::Buildkite, ".buildkite/pipeline.yml", BUILDKITE),
    (F::CircleCi, ".circleci/config.yml", CIRCLECI),
    (F::Jenkins, "Jenkinsfile", JENKINSFILE),
    (F::GitHook, "web/.husky/pre-commit", HUSKY),
    (F::PreCommit, ".pre-commit-config.yaml", PRE_COMMIT),
    (F::Lefthook, "lefthook.yml", LEFTHOOK),
];
