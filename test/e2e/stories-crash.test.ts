/** `kill -9` of the region, at random moments, while the stories of examples/ are under way; `npm run soak` does it for longer. */
import { test } from "node:test";
import { assertTold } from "../soak/assert-told.ts";
import { chat } from "../soak/stories/chat.ts";
import { cron } from "../soak/stories/cron.ts";
import { orders } from "../soak/stories/orders.ts";
import { photos } from "../soak/stories/photos.ts";

test("every photo that a bucket accepted has its thumbnail, however often the region is killed", (t) =>
  assertTold(t, photos));

test("what PutEvents accepted reaches every target, or its dead-letter queue, however often the region is killed", (t) =>
  assertTold(t, orders));

test("every schedule that was accepted fires, once, however often the region is killed", (t) => assertTold(t, cron));

test("what was said in a chat is remembered, and who is gone is noticed, however often the region is killed", (t) =>
  assertTold(t, chat));
