#!/bin/sh
# Deploys the chat with the AWS CLI: sh examples/chat/deploy.sh chat.zip. Prints the page's address.
# AWS_ENDPOINT_URL is the region's; ACCOUNT and AWS_REGION are its account and region.
set -e
zip=$1
region=${AWS_REGION:-${AWS_DEFAULT_REGION:-us-east-1}}
account=${ACCOUNT:-000000000000}
here=$(dirname "$0")
# Named once more: a CLI older than 2.13, such as Debian 12's, does not read AWS_ENDPOINT_URL.
aws="aws --endpoint-url $AWS_ENDPOINT_URL --region $region --output text"

$aws s3api create-bucket --bucket chat-room >/dev/null
$aws lambda create-function --cli-input-json "file://$here/function.json" --zip-file "fileb://$zip" >/dev/null
$aws lambda wait function-active-v2 --function-name chat
arn=arn:aws:lambda:$region:$account:function:chat
uri=arn:aws:apigateway:$region:lambda:path/2015-03-31/functions/$arn/invocations

# What is said: a WebSocket API whose messages name their route in `action`.
ws=$($aws apigatewayv2 create-api --name chat --protocol-type WEBSOCKET \
  --route-selection-expression '$request.body.action' --query ApiId)
integration=$($aws apigatewayv2 create-integration --api-id "$ws" --integration-type AWS_PROXY \
  --integration-uri "$uri" --query IntegrationId)
for key in '$connect' '$disconnect' say; do
  $aws apigatewayv2 create-route --api-id "$ws" --route-key "$key" --target "integrations/$integration" >/dev/null
done
$aws apigatewayv2 create-stage --api-id "$ws" --stage-name prod --auto-deploy >/dev/null
socket=$($aws apigatewayv2 get-api --api-id "$ws" --query ApiEndpoint)/prod

# The page and what was said before: a REST API that knows where the other one is.
rest=$($aws apigateway create-rest-api --name chat --query id)
root=$($aws apigateway get-resources --rest-api-id "$rest" --query 'items[0].id')
messages=$($aws apigateway create-resource --rest-api-id "$rest" --parent-id "$root" --path-part messages --query id)
for resource in "$root" "$messages"; do
  $aws apigateway put-method --rest-api-id "$rest" --resource-id "$resource" --http-method GET \
    --authorization-type NONE >/dev/null
  $aws apigateway put-integration --rest-api-id "$rest" --resource-id "$resource" --http-method GET \
    --type AWS_PROXY --integration-http-method POST --uri "$uri" >/dev/null
done
$aws apigateway create-deployment --rest-api-id "$rest" --stage-name prod --variables "socket=$socket" >/dev/null

for api in "$ws" "$rest"; do
  $aws lambda add-permission --function-name chat --statement-id "$api" --action lambda:InvokeFunction \
    --principal apigateway.amazonaws.com --source-arn "arn:aws:execute-api:$region:$account:$api/*" >/dev/null
done
port=${AWS_ENDPOINT_URL##*:}
echo "http://$rest.execute-api.$region.localhost:$port/prod/"
