import { test } from "node:test";
import { TestRegion } from "../test-region.ts";
import { lacksBoto3, tellStory } from "./python-story.ts";

test("boto3 drives the region by endpoint URL alone", async (t) => {
  if (lacksBoto3(t)) return;
  const region = await TestRegion.start("auto");
  t.after(() => region.stop());

  await tellStory(t, region, "boto3_story.py");
});
