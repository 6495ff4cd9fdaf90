"""
boto3, unmodified, told an endpoint and nothing else of Alonzo: an HTTP API, a REST API and a WebSocket API. Behind the first two
stands examples/python-web (Starlette by Mangum), behind the third a function that says back what is said. Run by
apis-story.test.ts with the names of both functions.
"""
import json
import os
import sys
import unittest
import urllib.error
import urllib.parse
import urllib.request

import boto3
from websockets.sync.client import connect

WEB, ECHO = sys.argv[1:3]
ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
PREFIX = "arn:aws:lambda:us-east-1:000000000000:function:"
http, rest, lambda_ = (boto3.client(name) for name in ("apigatewayv2", "apigateway", "lambda"))


def uri(name):
    return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{PREFIX}{name}/invocations"


def permit(name, api):
    lambda_.add_permission(
        FunctionName=name,
        StatementId=api,
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:us-east-1:000000000000:{api}/*",
    )


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def ask(method, url, body=None, **headers):
    request = urllib.request.Request(url, body, {name.replace("_", "-"): value for name, value in headers.items()}, method=method)
    try:
        answer = urllib.request.build_opener(Stay).open(request)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.headers, answer.read()


class Story(unittest.TestCase):
    def web(self, base):
        path = urllib.parse.quote("Möwe Jonathan")
        status, _, body = ask("GET", f"{base}/hello/{path}?tag=a&tag=b%26c&x=")
        self.assertEqual(status, 200, body)
        self.assertEqual(
            json.loads(body), {"hello": "Möwe Jonathan", "query": [["tag", "a"], ["tag", "b&c"], ["x", ""]], "scheme": "http"}
        )
        status, headers, _ = ask("POST", f"{base}/guest", b'{"name":"Ada"}', Content_Type="application/json")
        self.assertEqual((status, headers["Location"]), (303, "me"))
        cookies = headers.get_all("Set-Cookie")
        self.assertEqual([one.split(";")[0] for one in cookies], ["guest=Ada", "visits=1"])
        _, _, body = ask("GET", f"{base}/me", Cookie="guest=Ada; visits=1")
        self.assertEqual(json.loads(body), {"guest": "Ada", "visits": "1"})
        pixels = bytes(range(256)) * 40
        status, headers, body = ask("POST", f"{base}/mirror", pixels, Content_Type="image/png", Accept="image/png")
        self.assertEqual((status, headers["Content-Type"], body == pixels), (200, "image/png", True))
        self.assertEqual(ask("GET", f"{base}/none")[0], 404)
        self.assertEqual(ask("DELETE", f"{base}/me")[0], 405)

    def test_http_api(self):
        api = http.create_api(Name="web", ProtocolType="HTTP")["ApiId"]
        integration = http.create_integration(
            ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=PREFIX + WEB, PayloadFormatVersion="2.0"
        )["IntegrationId"]
        http.create_route(ApiId=api, RouteKey="ANY /{proxy+}", Target=f"integrations/{integration}")
        http.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
        permit(WEB, api)
        self.web(f"{ENDPOINT}/_apis/{api}")
        http.update_integration(ApiId=api, IntegrationId=integration, PayloadFormatVersion="1.0")
        self.web(f"{ENDPOINT}/_apis/{api}")

    def test_rest_api(self):
        made = rest.create_rest_api(name="web", binaryMediaTypes=["image/*"])
        api = made["id"]
        resource = rest.create_resource(restApiId=api, parentId=made["rootResourceId"], pathPart="{proxy+}")["id"]
        at = {"restApiId": api, "resourceId": resource, "httpMethod": "ANY"}
        rest.put_method(**at, authorizationType="NONE")
        rest.put_integration(**at, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri(WEB))
        rest.create_deployment(restApiId=api, stageName="prod")
        permit(WEB, api)
        self.web(f"{ENDPOINT}/_apis/{api}/prod")

    def test_websocket_api(self):
        api = http.create_api(Name="echo", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")["ApiId"]
        integration = http.create_integration(ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=uri(ECHO))["IntegrationId"]
        for key in ("$connect", "$disconnect"):
            http.create_route(ApiId=api, RouteKey=key, Target=f"integrations/{integration}")
        route = http.create_route(
            ApiId=api, RouteKey="$default", Target=f"integrations/{integration}", RouteResponseSelectionExpression="$default"
        )["RouteId"]
        http.create_route_response(ApiId=api, RouteId=route, RouteResponseKey="$default")
        http.create_stage(ApiId=api, StageName="prod", AutoDeploy=True)
        permit(ECHO, api)
        management = boto3.client("apigatewaymanagementapi", endpoint_url=f"{ENDPOINT}/_apis/{api}/prod")
        with connect(f"{ENDPOINT.replace('http', 'ws')}/_apis/{api}/prod") as socket:
            socket.send("Grüße")
            said = json.loads(socket.recv(timeout=30))
            self.assertEqual(said["said"], "Grüße")
            connection = said["connectionId"]
            management.post_to_connection(ConnectionId=connection, Data="from outside")
            self.assertEqual(socket.recv(timeout=30), "from outside")
            self.assertIn("SourceIp", management.get_connection(ConnectionId=connection)["Identity"])
        with self.assertRaises(management.exceptions.GoneException):
            for _ in range(1000):
                management.post_to_connection(ConnectionId=connection, Data="anyone?")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
