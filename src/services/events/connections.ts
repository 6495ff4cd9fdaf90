/** Connections: how API destinations are let in. Their secrets are kept with the settings, and never shown. */
import { createHash } from "node:crypto";
import type { CallContext } from "../../wire/service.ts";
import type { EventsInput } from "./events-api.ts";

export type AuthParameters = EventsInput<"CreateConnection">["AuthParameters"];
export type ConnectionType = "API_KEY" | "BASIC" | "OAUTH_CLIENT_CREDENTIALS";

export interface Connection {
  readonly name: string;
  /** Part of its ARN. */
  readonly id: string;
  readonly description?: string | undefined;
  readonly type: ConnectionType;
  readonly auth: AuthParameters;
  /** An execution role has said where it is authorized: not on this machine. */
  readonly isOutside?: true | undefined;
  /** Unix ms */
  readonly createdMs: number;
  readonly changedMs: number;
  readonly authorizedMs: number;
}

export interface ApiDestination {
  readonly name: string;
  readonly id: string;
  readonly description?: string | undefined;
  readonly connectionArn: string;
  /** May have `*` for path parameters. */
  readonly endpoint: string;
  readonly method: string;
  /** An execution role has said where it is: not on this machine. */
  readonly isOutside?: true | undefined;
  /** Calls per second. */
  readonly rateLimit?: number | undefined;
  readonly createdMs: number;
  readonly changedMs: number;
}

/** What a call that names an address makes of who named it. */
export const reachOf = ({ principal }: CallContext): { readonly isOutside: true | undefined } => ({
  isOutside: principal.kind === "administrator" ? undefined : true,
});

/** What of a connection's parameters is missing, in the words of AWS, or undefined. */
export function authRefusal(type: string | undefined, auth: AuthParameters | undefined): string | undefined {
  const needed = {
    API_KEY: auth?.ApiKeyAuthParameters,
    BASIC: auth?.BasicAuthParameters,
    OAUTH_CLIENT_CREDENTIALS: auth?.OAuthParameters,
  };
  if (type === undefined || needed[type as ConnectionType] !== undefined) return undefined;
  return `Authorization parameters do not match the authorization type ${type}.`;
}

/** The parameters as they are shown: without what is secret. */
export function shownAuth(auth: AuthParameters) {
  const { ApiKeyAuthParameters: key, BasicAuthParameters: basic, OAuthParameters: oauth } = auth;
  return {
    ...(key && { ApiKeyAuthParameters: { ApiKeyName: key.ApiKeyName } }),
    ...(basic && { BasicAuthParameters: { Username: basic.Username } }),
    ...(oauth && {
      OAuthParameters: {
        ClientParameters: { ClientID: oauth.ClientParameters?.ClientID },
        AuthorizationEndpoint: oauth.AuthorizationEndpoint,
        HttpMethod: oauth.HttpMethod,
        OAuthHttpParameters: shownParameters(oauth.OAuthHttpParameters),
      },
    }),
    ...(auth.InvocationHttpParameters && { InvocationHttpParameters: shownParameters(auth.InvocationHttpParameters) }),
  };
}

type HttpParameters = NonNullable<AuthParameters>["InvocationHttpParameters"];

function shownParameters(parameters: HttpParameters) {
  const hide = (
    list:
      | readonly { Key?: string | undefined; Value?: string | undefined; IsValueSecret?: boolean | undefined }[]
      | undefined,
  ) =>
    list?.map(({ Key, Value, IsValueSecret }) =>
      IsValueSecret ? { Key, IsValueSecret } : { Key, Value, IsValueSecret: false },
    );
  return (
    parameters && {
      HeaderParameters: hide(parameters.HeaderParameters),
      QueryStringParameters: hide(parameters.QueryStringParameters),
      BodyParameters: hide(parameters.BodyParameters),
    }
  );
}

/** Of the secret in Secrets Manager that AWS would keep it in. */
export function secretName({ name, id }: Connection): string {
  return `events!connection/${name}/${createHash("sha256").update(id).digest("hex").slice(0, 32)}`;
}
