/** For tests: requests signed by the SDK's own signer, and the verifier that must accept them. */
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Principal } from "../wire/service.ts";
import { ServiceError } from "../wire/service-error.ts";
import type { CredentialStore } from "./credentials.ts";
import { SignatureVerifier } from "./sigv4.ts";
import type { SignedRequest } from "./sigv4-canonical.ts";

export const NOON = Date.UTC(2026, 10, 21, 12);
export const KEY = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
export const principal: Principal = {
  arn: "arn:aws:iam::000000000000:root",
  accountId: "000000000000",
  kind: "administrator",
};

export const store = (secretAccessKey = KEY.secretAccessKey): CredentialStore => ({
  find: (accessKeyId, token) => {
    if (accessKeyId === "ASIAEXPIRED") return "expired";
    return accessKeyId === KEY.accessKeyId && token !== "wrong" ? { secretAccessKey, principal } : undefined;
  },
});

export class Sha256 {
  readonly #hash: ReturnType<typeof createHash>;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const bytes =
      secret === undefined || typeof secret === "string"
        ? secret
        : ArrayBuffer.isView(secret)
          ? new Uint8Array(secret.buffer, secret.byteOffset, secret.byteLength)
          : new Uint8Array(secret);
    this.#hash = bytes === undefined ? createHash("sha256") : (createHmac("sha256", bytes) as never);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}

export function signer(service = "lambda", options: { region?: string; secret?: string } = {}): SignatureV4 {
  return new SignatureV4({
    service,
    region: options.region ?? "us-east-1",
    credentials: { ...KEY, ...(options.secret !== undefined && { secretAccessKey: options.secret }) },
    sha256: Sha256 as never,
    uriEscapePath: service !== "s3",
  });
}

export interface Plain {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body: string;
}

export const plain = (changes: Partial<Plain> = {}): Plain => ({
  method: "POST",
  path: "/2015-03-31/functions/thumb/invocations",
  query: {},
  headers: { host: "127.0.0.1:4566" },
  body: '{"a":1}',
  ...changes,
});

export function received(request: Plain): SignedRequest {
  const rawHeaders = Object.entries(request.headers).flat();
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const query = Object.entries(request.query)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join("&");
  return { method: request.method, path: request.path, query, headers, rawHeaders };
}

export async function signed(request: Plain, by = signer(), at = NOON): Promise<SignedRequest> {
  const { method, path, query, headers, body } = request;
  const result = await by.sign(
    { method, path, query, headers, body, protocol: "http:", hostname: "127.0.0.1" } as never,
    { signingDate: new Date(at) },
  );
  return received({ ...request, headers: (result as unknown as Plain).headers });
}

export function verify(request: SignedRequest, body = '{"a":1}', service = "lambda", now = NOON): Buffer {
  return new SignatureVerifier(store(), "us-east-1", () => now).open(request, service).accept(Buffer.from(body));
}

export function refusalOf(run: () => unknown): { code: string; status: number; message: string } {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ServiceError, String(error));
    return { code: error.code, status: error.status, message: error.message };
  }
  return assert.fail("nothing was refused");
}

export const MISMATCH =
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
