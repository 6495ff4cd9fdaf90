/**
 * Where the region goes on behalf of an execution role: outside, as the role's functions do (their firewall has the same
 * rule), never to this machine. Without it, whoever may name a URL would speak with what listens on loopback.
 */
import { lookup } from "node:dns/promises";
import { BlockList, type LookupFunction } from "node:net";
import { networkInterfaces } from "node:os";

export interface OutsideAddress {
  readonly address: string;
  readonly family: number;
}

export class InsideAddressError extends Error {}

/** No host of the outside world has one of these: "this host", loopback, link-local, sandboxes, multicast and beyond. */
const NETWORKS: readonly (readonly [network: string, prefix: number])[] = [
  ["0.0.0.0", 8],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
  ["::", 127],
  ["fe80::", 10],
  ["ff00::", 8],
  // Ways to write an IPv4 address that only a translator needs: IPv4-compatible, NAT64, 6to4.
  ["::", 96],
  ["64:ff9b::", 96],
  ["2002::", 16],
];

/** @param own addresses of this machine's interfaces */
export function isInside(address: string, own: readonly string[] = ownAddresses()): boolean {
  const inside = new BlockList();
  for (const [network, prefix] of NETWORKS) inside.addSubnet(network, prefix, familyOf(network));
  for (const one of own) inside.addAddress(one, familyOf(one));
  // An IPv6 address that maps an IPv4 one is found by the rules of the latter.
  return inside.check(address, familyOf(address));
}

/** @param hostname of a URL @throws InsideAddressError when an address of it is inside; Error when it has none */
export async function outsideAddresses(hostname: string): Promise<readonly OutsideAddress[]> {
  const addresses = await lookup(hostname.replace(/^\[|\]$/g, ""), { all: true });
  const own = ownAddresses();
  const inside = addresses.find(({ address }) => isInside(address, own));
  if (inside) throw new InsideAddressError(`${hostname} is ${inside.address}, where execution roles may not send`);
  return addresses;
}

/** What of a request's options leads it to where it may go. A connection of its own: one that is kept may lead elsewhere. */
export interface Route {
  readonly lookup?: LookupFunction;
  readonly agent?: false;
}

/** @throws InsideAddressError when it must go outside, and would not */
export async function routeTo(hostname: string, isOutside: boolean): Promise<Route> {
  return isOutside ? { lookup: pinnedTo(await outsideAddresses(hostname)), agent: false } : {};
}

/** For a connection to addresses that were looked at: the name is not asked for again. */
export function pinnedTo(addresses: readonly OutsideAddress[]): LookupFunction {
  return (_hostname, { all }, answer) => {
    const [first] = addresses;
    if (all) answer(null, [...addresses]);
    else answer(null, first?.address ?? "", first?.family);
  };
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address));
}

const familyOf = (address: string): "ipv4" | "ipv6" => (address.includes(":") ? "ipv6" : "ipv4");
