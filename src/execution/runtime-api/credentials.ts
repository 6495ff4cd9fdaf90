/**
 * GET /2021-04-23/credentials: where environments that come from a snapshot get their credentials, which no snapshot may hold. SDKs
 * find it by AWS_CONTAINER_CREDENTIALS_FULL_URI, and are known by AWS_CONTAINER_AUTHORIZATION_TOKEN.
 */
import type { ContainerCredentials } from "../container-credentials.ts";
import { refuseMethod, refusePath } from "./rendering.ts";
import type { Responder, RuntimeRequest } from "./request.ts";

export function answerCredentials(
  { method, headers }: RuntimeRequest,
  responder: Responder,
  credentials: ContainerCredentials | undefined,
): void {
  if (!credentials?.isFor(headers.authorization)) return refusePath(responder);
  if (method !== "GET") return refuseMethod(responder);
  const { accessKeyId, secretAccessKey, sessionToken, expiresMs } = credentials.issue();
  const document = {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    Token: sessionToken,
    Expiration: new Date(expiresMs).toISOString(),
  };
  responder.send("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n", Buffer.from(JSON.stringify(document)));
}
