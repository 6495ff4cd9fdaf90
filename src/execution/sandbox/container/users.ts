/** Who runs what is in a sandbox, inside and outside. */
import { fchownSync } from "node:fs";
import { buildersGroupOf, rootIdOf, userIdOf } from "../oci/user-ids.ts";

export interface SandboxUsers {
  /** User and group of its processes, as they see it. */
  readonly inside: number;
  /** The same as the host sees it. */
  readonly outside: number;
  /** Whom the host sees where the sandbox has root; absent where its users are the host's. */
  readonly root?: { readonly user: number; readonly group: number };
}

/** As in Lambda's own environments. */
const INSIDE = 993;

export function sandboxUsers(region: number, slot: number, hasUserNamespace: boolean): SandboxUsers {
  const outside = userIdOf(region, slot);
  if (!hasUserNamespace) return { inside: outside, outside };
  return { inside: INSIDE, outside, root: { user: rootIdOf(region, slot), group: buildersGroupOf(region) } };
}

/** Make an open file the sandbox's. */
export function giveTo({ outside }: SandboxUsers, fd: number): void {
  fchownSync(fd, outside, outside);
}
