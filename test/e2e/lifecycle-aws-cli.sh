#!/usr/bin/env bash
# The whole life of a function through the AWS CLI, version 1 or 2, given nothing but an endpoint.
# Arguments: the endpoint's URL, a directory with one.zip and two.zip in it.
set -euo pipefail
cd "$2"
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1 AWS_PAGER=
lambda() { aws --endpoint-url "$URL" lambda "$@"; }
URL=$1

for name in cli-1 cli-2 cli-3; do
  lambda create-function --function-name $name --runtime nodejs24.x --handler index.handler \
    --role arn:aws:iam::000000000000:role/any --zip-file fileb://one.zip > created.json
done
lambda wait function-active-v2 --function-name cli-1
echo '{"from":"cli"}' > event.json
lambda invoke --function-name cli-1 --payload fileb://event.json --log-type Tail answer.json > invoked.json
grep -q '"LogResult"' invoked.json
cat answer.json; echo

lambda update-function-code --function-name cli-1 --zip-file fileb://two.zip > updated.json
lambda wait function-updated-v2 --function-name cli-1
lambda update-function-configuration --function-name cli-1 --timeout 7 --environment 'Variables={CODE=2}' > updated.json
lambda wait function-updated-v2 --function-name cli-1
lambda invoke --function-name cli-1 --payload fileb://event.json answer.json > invoked.json
cat answer.json; echo
lambda get-function --function-name cli-1 --query Configuration.Timeout

lambda list-functions --page-size 2 --query 'Functions[].FunctionName' --output text | xargs
for name in cli-1 cli-2 cli-3; do lambda delete-function --function-name $name > deleted.json; done
lambda list-functions --query 'length(Functions)'
lambda get-function --function-name cli-1 2>&1 | grep -o 'ResourceNotFoundException' || true
