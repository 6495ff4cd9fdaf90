/** Who is at the other end of a WebSocket, and what its events hold of that. */

export interface ClientIdentity {
  readonly sourceIp: string;
  readonly userAgent?: string | undefined;
}

/** Fixed when a client connects. */
export interface ConnectionFacts {
  readonly connectionId: string;
  readonly apiId: string;
  readonly stage: string;
  readonly stageVariables: Readonly<Record<string, string>> | undefined;
  readonly domainName: string;
  /** Milliseconds since 1970. */
  readonly connectedAtMs: number;
  readonly identity: ClientIdentity;
  /** What the authorizer of $connect has said, for all events of the connection. */
  readonly authorizer: Readonly<Record<string, unknown>> | undefined;
}
