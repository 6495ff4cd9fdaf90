/** `kill -9` of the region, at random moments, while messages are sent to queues and worked on by functions. */
import { test } from "node:test";
import { assertTold } from "../soak/assert-told.ts";
import { worker } from "../soak/stories/worker.ts";

test("no message that was accepted is lost, and no group is reordered, however often the region is killed", (t) =>
  assertTold(t, worker));
