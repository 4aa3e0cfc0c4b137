//! Pipelines of every host, each with its ways to start.

pub(super) const AZURE_PIPELINE: &str = "\
name: nightly-$(Rev:r)
trigger: none
pr: none
schedules:
  - cron: '0 3 * * *'
    branches: {include: [main]}
stages:
  - stage: Mend
    jobs:
      - ${{ if eq(variables.deep, true) }}:
          - job: mend
            steps:
              - checkout: self
              - script: |
                  npm ci
                  python mend.py
                workingDirectory: agents
                env:
                  MODEL_KEY: $(MODEL_KEY)
              - task: Bash@3
                inputs:
                  targetType: inline
                  script: python tell.py
";

pub(super) const BITBUCKET: &str = "\
definitions:
  steps:
    - step: &test
        name: Test
        script: [npm test]
pipelines:
  default:
    - step: *test
  pull-requests:
    '**':
      - parallel:
          - step:
              script:
                - cd web
                - python review.py
      - step:
          trigger: manual
          script: [python publish.py]
  custom:
    sweep:
      - step: {script: [python sweep.py]}
";

pub(super) const BUILDKITE: &str = "\
steps:
  - label: Nightly
    if: build.source == \"schedule\"
    command: python nightly.py
  - group: Checks
    steps:
      - commands: [npm test, python check.py]
  - wait
  - block: Go on?
  - command: python publish.py
";

pub(super) const CIRCLECI: &str = "\
version: 2.1
commands:
  ask:
    steps:
      - run: {command: python ask.py, working_directory: agents}
jobs:
  mend:
    docker: [{image: 'cimg/base:current'}]
    steps:
      - checkout
      - ask
      - when:
          condition: true
          steps:
            - run: |
                npm ci
                python mend.py
  publish:
    steps:
      - run: python publish.py
workflows:
  nightly:
    triggers:
      - schedule: {cron: '0 0 * * *'}
    jobs:
      - mend
      - hold: {type: approval, requires: [mend]}
      - publish: {requires: [hold]}
  each:
    jobs: [mend]
";

pub(super) const JENKINSFILE: &str = "\
// sh 'python no.py'
pipeline {
  triggers { cron('H 2 * * *') }
  environment { MODEL_KEY = credentials('model-key') }
  stages {
    stage('Mend') {
      steps {
        sh \"\"\"
          cd agents
          python mend.py --to \\\"${params.to}\\\"
        \"\"\"
        sh(label: 'tell', returnStdout: true, script: 'python tell.py')
        withCredentials([string(credentialsId: 'other-key', variable: 'K')]) { sh command }
      }
    }
  }
}
";

pub(super) const AGENTIC: &str = "\
---
name: Weekly sweep
on:
  schedule: weekly on monday
  slash_command: {name: sweep}
  reaction: eyes
permissions: read-all
engine: {id: claude, model: sonnet}
tools:
  edit:
  bash: [\"npm:*\"]
safe-outputs:
  create-pull-request:
  add-comment: {max: 2}
  messages: {footer: x}
---
# Sweep

Do what is due.
";

pub(super) const HUSKY: &str =
    "#!/bin/sh\n. \"$(dirname \"$0\")/_/husky.sh\"\n\ncd web && npm test\nclaude -p \"review\"\n";

pub(super) const PRE_COMMIT: &str = "\
default_stages: [push]
repos:
  - repo: https://code.example/hooks
    rev: v1
    hooks:
      - id: trailing-whitespace
  - repo: local
    hooks:
      - id: review
        name: Review
        language: system
        entry: python tools/review.py
        args: [--staged]
      - id: message
        entry: codex exec 'write it'
        stages: [prepare-commit-msg]
      - id: release-notes
        entry: python tools/notes.py
        stages: [manual]
      - id: broken
";

pub(super) const LEFTHOOK: &str = "\
output: false
pre-commit:
  parallel: true
  commands:
    lint:
      run: npm run lint
    review:
      run: |
        cd tools
        python review.py
pre-push:
  jobs:
    - name: ask
      run: claude -p x
fixer:
  commands:
    all:
      run: npm run fix
";
