/** The Linux that runs inside microVMs: Debian's kernel for clouds, whose drivers are modules. */
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Where it is unpacked from its package: no boot loader hears of it. */
export const KERNEL_DIRECTORY = "/var/lib/alonzo/microvm";
export const KERNEL_FILE = join(KERNEL_DIRECTORY, "vmlinuz");

/** In the order in which they are loaded. */
export const MODULES = [
  "drivers/virtio/virtio_ring.ko",
  "drivers/virtio/virtio.ko",
  "drivers/virtio/virtio_mmio.ko",
  "drivers/block/virtio_blk.ko",
  "drivers/char/virtio_console.ko",
  "net/core/failover.ko",
  "drivers/net/net_failover.ko",
  "drivers/net/virtio_net.ko",
  "lib/libcrc32c.ko",
  "fs/erofs/erofs.ko",
] as const;

export function modulePath(module: string): string {
  return join(KERNEL_DIRECTORY, "modules", module);
}

export function hasKernel(): boolean {
  return [KERNEL_FILE, ...MODULES.map(modulePath)].every((path) => existsSync(path));
}
