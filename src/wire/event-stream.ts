/**
 * AWS event streams, the way out: one frame per event, exceptions as `exception` frames. Which member becomes
 * payload and which header is the model's. (contract/03 §1, InvokeWithResponseStream)
 */
import { EventFrame } from "./event-frame.ts";
import type { Members } from "./protocol.ts";
import { ServiceError } from "./service-error.ts";
import type { Member, Shape } from "./shape.ts";

type WriteJson = (shape: Shape, value: Members) => Uint8Array;

/** @param union the stream's shape: one member per kind of event
 * @param events values with exactly one member set
 * A ServiceError thrown by the source ends the stream with an exception frame; any other exception breaks it. */
export async function* writeEventStream(
  union: Shape,
  events: AsyncIterable<Members>,
  writeJson: WriteJson,
): AsyncGenerator<Buffer> {
  try {
    for await (const event of events) {
      const member = union.members.find(({ name }) => event[name] !== undefined);
      if (member !== undefined) yield eventFrame(member, event[member.name] as Members, writeJson);
    }
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    yield frame(
      { ":message-type": "exception", ":exception-type": error.code, ":content-type": "application/json" },
      Buffer.from(JSON.stringify({ ...error.members, message: error.message })),
    );
  }
}

function eventFrame({ name, target }: Member, event: Members, writeJson: WriteJson): Buffer {
  const headers = { ":message-type": "event", ":event-type": name };
  const payload = target.members.find((member) => member.traits.eventPayload);
  if (payload === undefined)
    return frame({ ...headers, ":content-type": "application/json" }, writeJson(target, event));
  const bytes = (event[payload.name] ?? new Uint8Array()) as Uint8Array;
  return frame({ ...headers, ":content-type": "application/octet-stream" }, bytes);
}

function frame(headers: Readonly<Record<string, string>>, body: Uint8Array): Buffer {
  return new EventFrame(headers).encode(body);
}
