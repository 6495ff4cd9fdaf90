import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { InsideAddressError, isInside, outsideAddresses, pinnedTo } from "./outside-address.ts";

test("loopback, link-local, sandboxes and multicast are inside, however they are written", () => {
  const inside = [
    ...["0.0.0.0", "127.0.0.1", "127.255.0.9", "169.254.169.254", "198.18.0.5", "198.19.255.1", "224.0.0.1"],
    ...["255.255.255.255", "::", "::1", "fe80::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:a9fe:a9fe"],
    ...["::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"],
  ];
  assert.deepEqual(
    inside.filter((address) => !isInside(address, [])),
    [],
  );
});

test("other networks are outside, also private ones; the machine's own address is not", () => {
  const outside = ["10.0.0.7", "192.168.1.20", "93.184.215.14", "198.20.0.1", "2001:db8::1", "fd00::7"];
  assert.deepEqual(
    outside.filter((address) => isInside(address, [])),
    [],
  );
  assert.ok(isInside("10.0.0.7", ["10.0.0.7"]));
  assert.ok(isInside("::ffff:10.0.0.7", ["10.0.0.7"]));
  const own = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  assert.ok(own.every(({ address }) => isInside(address)));
});

test("names and spellings are judged by the address that they mean", async () => {
  for (const url of ["http://localhost", "http://2130706433", "http://0x7f.1", "http://[::1]", "http://127.1"]) {
    await assert.rejects(outsideAddresses(new URL(url).hostname), InsideAddressError, url);
  }
  assert.deepEqual(await outsideAddresses("192.0.2.1"), [{ address: "192.0.2.1", family: 4 }]);
});

test("a pinned connection goes to the address that was judged", () => {
  const addresses = [{ address: "192.0.2.1", family: 4 }];
  pinnedTo(addresses)("example.org", { all: true }, (_error, given) => assert.deepEqual(given, addresses));
  pinnedTo(addresses)("example.org", {}, (_error, given, family) =>
    assert.deepEqual([given, family], ["192.0.2.1", 4]),
  );
});
