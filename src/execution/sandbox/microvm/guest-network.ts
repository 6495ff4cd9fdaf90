/**
 * The network of a microVM: one cable into the network namespace of its sandbox, where the Runtime API and the region listen
 * and from where traffic goes on as from a container. Every guest has the same addresses: nothing of it tells it from others.
 */
import { writeFileSync } from "node:fs";
import { run } from "../oci/commands.ts";
import type { Linux } from "../oci/linux.ts";
import { INSIDE_ADDRESS, type NetworkNamespace } from "../oci/namespace-pool.ts";

export const GUEST_ADDRESS = "169.254.100.2";
/** Of the host's end, by which packets leave: nobody listens at it. */
export const GATEWAY_ADDRESS = "169.254.100.3";
export const CABLE = "guest0";
/** Of the host's end, always: machines that go on elsewhere know it already. */
const HARDWARE_ADDRESS = "02:00:00:00:00:01";

/** What leaves by the cable to the host bears the address that the host expects of this namespace. */
const MASQUERADE = `
table ip guest {
  chain out {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "eth0" masquerade
  }
}`;

/**
 * Lay the cable. 127.0.0.0/8 of the namespace, where nothing is, becomes the guest's: so the region reaches, from here, ports
 * that are open on the guest's loopback only.
 * @param userId who may put the other end into a machine
 */
export async function layCable(
  linux: Linux,
  { fd }: NetworkNamespace,
  userId: number,
  hasOutside: boolean,
): Promise<void> {
  const inside = <T>(action: () => T): T => linux.insideNetworkNamespace(fd, action);
  const commands = [
    `tuntap add dev ${CABLE} mode tap user ${userId}`,
    `link set ${CABLE} address ${HARDWARE_ADDRESS}`,
    `address add ${GATEWAY_ADDRESS}/32 dev ${CABLE}`,
    `address add ${INSIDE_ADDRESS} peer ${GUEST_ADDRESS}/32 dev ${CABLE}`,
    `link set ${CABLE} up`,
    "address del 127.0.0.1/8 dev lo",
    `route add 127.0.0.0/8 dev ${CABLE} src ${INSIDE_ADDRESS}`,
  ];
  await inside(() => {
    setting("default/route_localnet", 1);
    return run("ip", ["-batch", "-"], commands.join("\n"));
  });
  if (!hasOutside) return;
  await inside(() => {
    writeFileSync("/proc/sys/net/ipv4/ip_forward", "1");
    return run("nft", ["-f", "-"], MASQUERADE);
  });
}

function setting(name: string, value: number): void {
  writeFileSync(`/proc/sys/net/ipv4/conf/${name}`, String(value));
}
