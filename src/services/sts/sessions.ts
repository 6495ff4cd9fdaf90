/** AssumeRole and GetSessionToken: temporary credentials, which the gateway knows by what they carry. */
import { assumedRoleOf, parseRoleArn, roleId } from "./role.ts";
import type { StsContext, StsHandlers } from "./sts-api.ts";

const ASSUMED_SECONDS = 3600;
/** The most when a session assumes a further role (role chaining). */
const CHAINED_SECONDS = 3600;
const SESSION_SECONDS = 12 * 3600;
/** The root user's may not live longer, and are not refused either: AWS shortens what was asked for. */
const ROOT_SESSION_SECONDS = 3600;

export function sessionHandlers({ clock, credentials, fail }: StsContext) {
  const issue = (roleArn: string, sessionName: string, seconds: number) => {
    const nowMs = clock.now();
    const expiresMs = nowMs + seconds * 1000;
    const issued = credentials.issue({ roleArn, sessionName }, nowMs, expiresMs);
    return {
      AccessKeyId: issued.accessKeyId,
      SecretAccessKey: issued.secretAccessKey,
      SessionToken: issued.sessionToken,
      Expiration: new Date(expiresMs),
    };
  };

  return {
    AssumeRole: (input, { principal, accountId }) => {
      const { RoleArn, RoleSessionName, DurationSeconds = ASSUMED_SECONDS } = input;
      const role = parseRoleArn(RoleArn);
      if (role === undefined) return fail("ValidationException", `${RoleArn} is invalid`);
      if (role.accountId !== accountId) {
        const text = `User: ${principal.arn} is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`;
        return fail("AccessDeniedException", text);
      }
      if (assumedRoleOf(principal.arn) && DurationSeconds > CHAINED_SECONDS) {
        const text =
          "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
        return fail("ValidationException", text);
      }
      return {
        Credentials: issue(RoleArn, RoleSessionName, DurationSeconds),
        AssumedRoleUser: {
          AssumedRoleId: `${roleId(accountId, role.roleName)}:${RoleSessionName}`,
          Arn: `arn:aws:sts::${accountId}:assumed-role/${role.roleName}/${RoleSessionName}`,
        },
        SourceIdentity: input.SourceIdentity,
      };
    },

    GetSessionToken: ({ DurationSeconds = SESSION_SECONDS }, { principal }) => {
      if (principal.kind !== "administrator") {
        return fail("AccessDeniedException", "Cannot call GetSessionToken with session credentials");
      }
      return { Credentials: issue(principal.arn, "", Math.min(DurationSeconds, ROOT_SESSION_SECONDS)) };
    },
  } satisfies StsHandlers;
}
