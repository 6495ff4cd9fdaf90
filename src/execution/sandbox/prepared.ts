/** The last step of making a sandbox, the same for every driver. */
import type { Sandbox } from "./sandbox.ts";

/** Prepare a fresh sandbox. One that cannot be prepared gives back what it had taken, and the reason is thrown. */
export async function prepared<S extends Sandbox & { prepare(): Promise<void> }>(sandbox: S): Promise<S> {
  try {
    await sandbox.prepare();
  } catch (error) {
    await sandbox.destroy();
    throw error;
  }
  return sandbox;
}
