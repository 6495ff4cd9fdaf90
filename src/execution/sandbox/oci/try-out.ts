/** Whether a driver really works here: only a sandbox that ran tells. */
import type { SandboxDriver } from "../sandbox.ts";
import { SandboxError } from "../sandbox-error.ts";

/**
 * @param task some directory of the host that may be seen inside
 * @throws SandboxError with what went wrong
 */
export async function tryOut(driver: Pick<SandboxDriver, "create">, task: string): Promise<void> {
  const written: Buffer[] = [];
  const sandbox = await driver.create({
    id: "try-out",
    directories: { task },
    memoryMb: 128,
    ephemeralStorageMb: 512,
    onOutput: (chunk) => written.push(chunk),
    onExtensionOutput: (chunk) => written.push(chunk),
    onRuntimeApiConnection: (socket) => socket.destroy(),
    onRegionConnection: (socket) => socket.destroy(),
  });
  try {
    const command = { argv: ["/bin/sh", "-c", "exit 7"], environment: {}, workingDirectory: "/tmp" };
    const { code } = await (await sandbox.start(command)).exited;
    if (code !== 7) throw new SandboxError(`a trial ended with ${code}: ${Buffer.concat(written).toString().trim()}`);
  } finally {
    await sandbox.destroy();
  }
}
