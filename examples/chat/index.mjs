// A chat room behind two APIs: the page and what was said come by a REST API, what is said goes through a WebSocket API.
// Who is there and what was said are objects in S3: any environment of the function serves anyone.
import { readFile } from "node:fs/promises";
import {
  ApiGatewayManagementApiClient,
  GoneException,
  PostToConnectionCommand,
} from "@aws-sdk/client-apigatewaymanagementapi";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";

const Bucket = process.env.ROOM ?? "chat-room";
const SHOWN = 50;
const s3 = new S3Client({ forcePathStyle: true });
const page = await readFile(new URL("page.html", import.meta.url), "utf8");
const senders = new Map();

export const handler = async (event) => {
  const { eventType, routeKey, connectionId } = event.requestContext;
  if (eventType === undefined) return event.path === "/messages" ? json(await history()) : html(event);
  if (routeKey === "$connect") await put(`members/${connectionId}`, "");
  if (routeKey === "$disconnect") await remove(connectionId);
  if (routeKey === "say") await say(event);
  return { statusCode: 200 };
};

const html = ({ stageVariables }) => ({
  statusCode: 200,
  headers: { "Content-Type": "text/html; charset=utf-8" },
  body: page.replace("{{socket}}", stageVariables?.socket ?? ""),
});

const json = (document) => ({
  statusCode: 200,
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(document),
});

const put = (Key, Body) => s3.send(new PutObjectCommand({ Bucket, Key, Body }));
const remove = (id) => s3.send(new DeleteObjectCommand({ Bucket, Key: `members/${id}` }));

async function keys(Prefix) {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
  return Contents.map(({ Key }) => Key);
}

/** The latest of what was said, in order. */
async function history() {
  const latest = (await keys("messages/")).slice(-SHOWN);
  const bodies = latest.map(async (Key) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    return JSON.parse(await Body.transformToString());
  });
  return Promise.all(bodies);
}

async function say({ body, requestContext }) {
  const { name, text } = JSON.parse(body);
  const message = JSON.stringify({ name: String(name).slice(0, 50), text: String(text).slice(0, 1000) });
  await put(`messages/${requestContext.requestTimeEpoch}-${requestContext.messageId}`, message);
  const members = await keys("members/");
  await Promise.all(members.map((key) => send(requestContext, key.slice("members/".length), message)));
}

async function send(requestContext, ConnectionId, Data) {
  try {
    await senderFor(requestContext).send(new PostToConnectionCommand({ ConnectionId, Data }));
  } catch (error) {
    if (!(error instanceof GoneException)) throw error;
    await remove(ConnectionId);
  }
}

/** In Alonzo nothing needs to be configured; AWS wants the address of the API. */
function senderFor({ domainName, stage }) {
  const endpoint = process.env.AWS_ENDPOINT_URL ?? `https://${domainName}/${stage}`;
  const sender = senders.get(endpoint) ?? new ApiGatewayManagementApiClient({ endpoint });
  senders.set(endpoint, sender);
  return sender;
}
