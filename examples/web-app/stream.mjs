/** A page that grows while it is read: a function for a URL with InvokeMode RESPONSE_STREAM. */
import { setTimeout as delay } from "node:timers/promises";

export const handler = awslambda.streamifyResponse(async (event, stream, context) => {
  const page = awslambda.HttpResponseStream.from(stream, {
    statusCode: 200,
    headers: { "content-type": "text/html; charset=utf-8", "x-began": event.requestContext.time },
    cookies: ["streamed=yes"],
  });
  page.write("<!doctype html><title>Ticks</title><ol>");
  for (let tick = 1; context.getRemainingTimeInMillis() > 1_000; tick++) {
    page.write(`<li>tick ${tick}</li>`);
    await delay(200);
  }
  page.end("</ol>");
});
