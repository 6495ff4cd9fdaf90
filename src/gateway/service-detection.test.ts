import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createService } from "../wire/engine.ts";
import { loadModel } from "../wire/model.ts";
import type { RequestHead } from "./request-head.ts";
import { detectService } from "./service-detection.ts";
import { permissionsOf } from "./service-permission.ts";

const NAMES = [
  "lambda",
  "sqs",
  "sns",
  "eventbridge",
  "scheduler",
  "cloudwatch-logs",
  "api-gateway",
  "apigatewayv2",
  "apigatewaymanagementapi",
  "sts",
];
const services = NAMES.map((name) => createService({ model: loadModel(name), handlers: {}, onFault: () => {} }));
const form = { "content-type": "application/x-www-form-urlencoded" };

/** @param request `METHOD path`, and the headers that matter */
function detected(request: string, headers: Record<string, string> = {}): string | undefined {
  const [method = "", target = ""] = request.split(" ");
  const [path = "", query = ""] = target.split("?");
  const head = { method, path, query, headers, rawHeaders: [] } as unknown as RequestHead;
  return detectService(services, head)?.name;
}

const signedFor = (service: string) => ({
  authorization: `AWS4-HMAC-SHA256 Credential=test/20261127/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
});

describe("which service a request means", () => {
  it("is told by the scope of its signature, whatever else it looks like", () => {
    assert.equal(detected("POST /", { ...signedFor("sns"), ...form, host: "sqs.localhost" }), "sns");
    assert.equal(
      detected("POST /", { ...signedFor("events"), "x-amz-target": "AmazonSQS.SendMessage" }),
      "eventbridge",
    );
    assert.equal(detected("GET /schedules", signedFor("scheduler")), "scheduler");
  });

  it("is told by the path where services share a signing name", () => {
    assert.equal(detected("GET /restapis", signedFor("apigateway")), "api-gateway");
    assert.equal(detected("GET /v2/apis", signedFor("apigateway")), "apigatewayv2");
    assert.equal(detected("GET /v2/nonsense", signedFor("apigateway")), "api-gateway");
  });

  it("is told by X-Amz-Target, then by the host, then by what knows the path", () => {
    assert.equal(
      detected("POST /", { "x-amz-target": "Logs_20140328.PutLogEvents", host: "sqs.localhost" }),
      "cloudwatch-logs",
    );
    assert.equal(detected("POST /", { ...form, host: "sns.us-east-1.amazonaws.com:443" }), "sns");
    assert.equal(detected("POST /", { ...form, host: "queue.amazonaws.com" }), "sqs");
    assert.equal(detected("POST /", { host: "streaming-logs.localhost" }), "cloudwatch-logs");
    assert.equal(detected("GET /?Action=ConfirmSubscription&Version=2010-03-31", { host: "127.0.0.1" }), "sns");
    assert.equal(detected("GET /2015-03-31/functions/", { host: "127.0.0.1" }), "lambda");
    assert.equal(detected("GET /nothing", { host: "127.0.0.1" }), undefined);
  });

  it("is refused by name where it is plain and not served", () => {
    assert.throws(() => detected("POST /", signedFor("kinesis")), {
      code: "UnknownOperationException",
      message: /'kinesis'/,
    });
  });
});

describe("which permission an operation needs", () => {
  const action = (name: string, operation: string, method = "POST"): string | undefined => {
    const service = services.find((one) => one.name === name);
    assert.ok(service);
    const place = { region: "us-east-1", accountId: "000000000000" };
    return permissionsOf(service, operation, { method, path: "/", query: "", headers: {} }, place)[0]?.action;
  };

  it("has IAM's prefix, and mostly the operation's name", () => {
    assert.equal(action("eventbridge", "PutEvents"), "events:PutEvents");
    assert.equal(action("cloudwatch-logs", "PutLogEvents"), "logs:PutLogEvents");
    assert.equal(action("sqs", "SendMessageBatch"), "sqs:SendMessage");
    assert.equal(action("sns", "PublishBatch"), "sns:Publish");
  });

  it("is the method for API Gateway, one for all connections, and none for who one is", () => {
    assert.equal(action("apigatewayv2", "GetApis", "GET"), "apigateway:GET");
    assert.equal(action("apigatewaymanagementapi", "PostToConnection"), "execute-api:ManageConnections");
    assert.equal(action("sts", "GetCallerIdentity"), undefined);
  });
});
