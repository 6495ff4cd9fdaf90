/** `kill -9` of the region, at random moments, while messages are published and delivered to queues and functions. */
import { test } from "node:test";
import { assertTold } from "../soak/assert-told.ts";
import { fanOut } from "../soak/stories/fan-out.ts";

test("each subscriber gets every message that was accepted, and groups in order, however often the region is killed", (t) =>
  assertTold(t, fanOut));
