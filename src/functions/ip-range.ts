/** IP addresses and ranges of them (CIDR), as event patterns compare them. */
import { isIP, isIPv4 } from "node:net";

export interface IpRange {
  /** 32 or 128 */
  readonly bits: number;
  readonly first: bigint;
  readonly last: bigint;
}

/** One address as a range; undefined when the text is none. Of dotted decimal, zeros in front mean nothing. */
export function parseIpAddress(text: string): IpRange | undefined {
  // Longer than any address with some zeros: not worth a look.
  if (text.length > 60) return undefined;
  const plain = /^\d+(\.\d+){3}$/.test(text) ? text.split(".").map(Number).join(".") : text;
  if (isIP(plain) === 0 || plain.includes("%")) return undefined;
  const address = isIPv4(plain) ? numberOfV4(plain) : numberOfV6(plain);
  return { bits: isIPv4(plain) ? 32 : 128, first: address, last: address };
}

/** A range such as 10.0.0.0/8, or why it is none, in AWS's words. */
export function parseCidr(text: string): IpRange | string {
  const [ip = "", mask = "", ...more] = text.split("/");
  if (mask === "" || more.length > 0) return "Malformed CIDR, one '/' required";
  if (!/^[+-]?\d+$/.test(mask)) return "Malformed CIDR, mask bits must be an integer";
  const maskBits = Number(mask);
  if (maskBits < 0) return "Malformed CIDR, mask bits must not be negative";
  const address = parseIpAddress(ip);
  if (!address) return /^[\d.]+$|:/.test(ip) ? `Invalid IP address: ${ip}` : `Nonstandard IP address: ${ip}`;
  const { bits, first } = address;
  if (maskBits >= bits) return `IPv${bits === 32 ? 4 : 6} mask bits must be < ${bits}`;
  const size = 1n << BigInt(bits - maskBits);
  const bottom = (first / size) * size;
  return { bits, first: bottom, last: bottom + size - 1n };
}

export function isInRange({ bits, first, last }: IpRange, address: IpRange): boolean {
  return address.bits === bits && address.first >= first && address.first <= last;
}

function numberOfV4(text: string): bigint {
  return text.split(".").reduce((number, part) => (number << 8n) | BigInt(part), 0n);
}

function numberOfV6(text: string): bigint {
  const dotted = text.slice(text.lastIndexOf(":") + 1);
  const tail = dotted.includes(".") ? numberOfV4(dotted) : undefined;
  const plain =
    tail === undefined
      ? text
      : `${text.slice(0, -dotted.length)}${(tail >> 16n).toString(16)}:${(tail & 0xffffn).toString(16)}`;
  const [head = "", rest] = plain.split("::");
  const groups = head === "" ? [] : head.split(":");
  const last = rest === undefined || rest === "" ? [] : rest.split(":");
  const middle = new Array<string>(rest === undefined ? 0 : 8 - groups.length - last.length).fill("0");
  return [...groups, ...middle, ...last].reduce((number, group) => (number << 16n) | BigInt(`0x${group}`), 0n);
}
