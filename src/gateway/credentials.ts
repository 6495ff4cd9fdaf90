/** Whom the gateway knows by which access key. Implemented where administrators and execution roles are kept. */
import type { Principal } from "../wire/service.ts";

export interface Credentials {
  readonly secretAccessKey: string;
  readonly principal: Principal;
}

export interface CredentialStore {
  /**
   * The credentials of an access key, synchronously: this stands on the path of every request.
   * @param sessionToken what came as X-Amz-Security-Token; temporary credentials are found only with their own token
   * @returns "expired" for temporary credentials whose time is over, undefined for what nobody ever handed out
   */
  find(accessKeyId: string, sessionToken: string | undefined): Credentials | "expired" | undefined;
}
