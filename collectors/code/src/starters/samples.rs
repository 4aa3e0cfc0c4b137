//! One file or more of each kind.

use super::StarterFile as F;

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

const CHART: &str = "\
{{- if .Values.on }}
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {{ .Release.Name }}-agent
  labels:
    {{- include \"x.labels\" . | nindent 4 }}
spec:
  schedule: {{ .Values.schedule | quote }}
  jobTemplate:
    spec:
      template:
        spec:
          containers:
            - image: {{ .Values.image }}
              command: [python, -m, agent]
{{- end }}
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
    (F::SamTemplate, "template.yaml", SAM),
    (F::KubernetesCronJob, "k8s/job.yaml", CRONJOB),
    (F::KubernetesCronJob, "chart/templates/job.yaml", CHART),
    (F::SystemdTimer, "deploy/agent.timer", TIMER),
    (F::Procfile, "Procfile", PROCFILE),
    (F::RenderYaml, "render.yaml", RENDER),
    (F::Netlify, "netlify.toml", NETLIFY),
    (F::DigitalOcean, ".do/app.yaml", DO),
    (F::Railway, "railway.json", RAILWAY),
    (F::AppEngineCron, "cron.yaml", GAE),
    (F::AzureFunction, "nightly/function.json", AZURE),
];
