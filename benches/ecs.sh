#!/usr/bin/env bash
# `infractl run` beside the shell lines that do the same: compare, register, run a task of ECS, wait, show the log, exit code.
# By hand, against the back end of tests/install/36-ecs (INFRACTL_TEST_ECS, INFRACTL_TEST_AWS, INFRACTL_TEST_IMAGE):
#
#   benches/ecs.sh [INFRACTL] [ROUNDS]
set -euo pipefail
infractl=$(realpath "${1:-target/release/infractl}") rounds=${2:-5}
: "${INFRACTL_TEST_ECS:?start tests/install/36-ecs}" "${INFRACTL_TEST_AWS:?}" "${INFRACTL_TEST_IMAGE:?}"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export AWS_ENDPOINT_URL=$INFRACTL_TEST_ECS AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing AWS_DEFAULT_REGION=eu-west-3
export HOME=$folder AWS_EC2_METADATA_DISABLED=true
mkdir -p bin environments/dev
# counts the starts of the program
printf '#!/bin/sh\necho >>%q\nexec %q "$@"\n' "$folder/starts" "$INFRACTL_TEST_AWS" >bin/aws
chmod +x bin/aws
PATH=$folder/bin:$PATH

name=bench-$$
aws ecs create-cluster --cluster-name "$name" >/dev/null
subnet=$(aws ec2 describe-subnets --query 'Subnets[0].SubnetId' --output text)
group=$(aws ec2 describe-security-groups --query 'SecurityGroups[0].GroupId' --output text)
cat >task.json <<JSON
{"family": "$name", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512", "containerDefinitions": [
  {"name": "etl", "image": "$INFRACTL_TEST_IMAGE", "command": ["sh", "-c", "echo one; sleep 3; echo two"], "memory": 64, "logConfiguration":
    {"logDriver": "awslogs", "options": {"awslogs-group": "/$name", "awslogs-region": "eu-west-3", "awslogs-stream-prefix": "ecs", "awslogs-create-group": "true"}}}]}
JSON
cat >environments/dev/environment.toml <<TOML
[tasks.etl]
definition-file = "task.json"
cluster = "$name"
region = "eu-west-3"
subnets = ["$subnet"]
security-groups = ["$group"]
TOML

by_hand() {
  local task code
  aws ecs register-task-definition --cli-input-json file://task.json >/dev/null
  task=$(aws ecs run-task --cluster "$name" --task-definition "$name" --launch-type FARGATE \
    --network-configuration "awsvpcConfiguration={subnets=[$subnet],securityGroups=[$group]}" --query 'tasks[0].taskArn' --output text)
  aws ecs wait tasks-stopped --cluster "$name" --tasks "$task"
  aws logs get-log-events --log-group-name "/$name" --log-stream-name "ecs/etl/${task##*/}" --start-from-head --query 'events[].message' --output text
  code=$(aws ecs describe-tasks --cluster "$name" --tasks "$task" --query 'tasks[0].containers[0].exitCode' --output text)
  return "$code"
}
by_infractl() { "$infractl" run dev etl --yes; }

# COMMAND: seconds and starts of aws of each round
measure() {
  local round
  for ((round = 0; round < rounds; round++)); do
    : >starts
    TIMEFORMAT=%R
    { time "$1" >out 2>&1 </dev/null; } 2>took || { cat out >&2; exit 1; }
    grep -q two out || { echo "$1 showed no log" >&2; exit 1; }
    echo "$(cat took) $(wc -l <starts)"
  done | sort -n | awk -v name="$1" '{ time[NR] = $1; starts[NR] = $2 } END { m = int((NR + 1) / 2); print name ": " time[m] " s, " starts[m] " starts of aws" }'
}
measure by_hand
measure by_infractl
