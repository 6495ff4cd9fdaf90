/**
 * What sandboxes may reach: the outside world, and nothing else. One nftables table per region. The Runtime API and the
 * region's endpoint need no rule: their listeners stand inside each sandbox's own namespace.
 */
import { writeFileSync } from "node:fs";
import { hasCommand, run } from "./commands.ts";

/** 198.18.0.0/15 is reserved for test networks (RFC 2544): it collides with nobody's addresses. */
export const ADDRESSES = "198.18.0.0/15";
const FIRST_ADDRESS = ((198 << 24) | (18 << 16)) >>> 0;
const ADDRESSES_PER_REGION = 4096;
/**
 * Flows that one sandbox may have under way, as the kernel counts them: some last minutes beyond their sockets. All of the machine
 * share one table of them, and when that is full nobody can open a connection any more.
 */
const MOST_FLOWS = 4096;
/** A sandbox takes two addresses: the host's end of its cable and its own. */
export const SLOTS = ADDRESSES_PER_REGION / 2;

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

export function tableName(region: number): string {
  return `alonzo${region}`;
}

/** The host's end of the cable. At most 15 characters, which is all that Linux allows. */
export function interfaceName(region: number, slot: number): string {
  return `alz${region}-${slot}`;
}

export function addressesOf(region: number, slot: number): { readonly host: string; readonly inside: string } {
  const host = FIRST_ADDRESS + region * ADDRESSES_PER_REGION + slot * 2;
  return { host: dotted(host), inside: dotted(host + 1) };
}

/** @param areCounted not every kernel can count flows by their source */
function rules(region: number, areCounted: boolean): string {
  const cables = `"alz${region}-*"`;
  const range = `${dotted(FIRST_ADDRESS + region * ADDRESSES_PER_REGION)}/20`;
  const table = tableName(region);
  return `
table inet ${table}
delete table inet ${table}
table inet ${table} {
  set flows { type ipv4_addr; size ${SLOTS * 2}; flags dynamic; }
  chain forged {
    type filter hook prerouting priority raw; policy accept;
    iifname ${cables} meta nfproto != ipv4 drop
    iifname ${cables} fib saddr . iif oif eq 0 drop
  }
  chain to_host {
    type filter hook input priority filter - 5; policy accept;
    iifname ${cables} drop
  }
  chain through_host {
    type filter hook forward priority filter - 5; policy accept;
    iifname ${cables} ip daddr { 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, ${ADDRESSES}, 224.0.0.0/3 } drop
    ${areCounted ? `iifname ${cables} ct state new add @flows { ip saddr ct count over ${MOST_FLOWS} } drop` : ""}
    oifname ${cables} ct state established,related accept
    oifname ${cables} drop
  }
  chain masquerade_out {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${range} oifname != ${cables} masquerade
  }
}
`;
}

/**
 * Raise the walls, and let the kernel forward packets.
 * @returns undefined when done, otherwise why sandboxes must do without any network
 */
export async function raiseFirewall(region: number): Promise<string | undefined> {
  if (!hasCommand("nft")) return "nft is missing (install nftables)";
  try {
    const load = (areCounted: boolean) => run("nft", ["-f", "-"], rules(region, areCounted));
    await load(true).catch(() => load(false));
    writeFileSync("/proc/sys/net/ipv4/ip_forward", "1");
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Take the walls of a region down, if there are any. */
export async function dropFirewall(region: number): Promise<void> {
  if (!hasCommand("nft")) return;
  const table = `table inet ${tableName(region)}`;
  // Declaring it first makes deleting it safe when it is not there.
  await run("nft", ["-f", "-"], `${table}\ndelete ${table}\n`);
}
