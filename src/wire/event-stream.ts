/**
 * AWS event streams, the way out: one frame per event, exceptions as `exception` frames. Which member becomes
 * payload and which header is the model's. (contract/03 §1, InvokeWithResponseStream)
 */
import { EventFrame } from "./event-frame.ts";
import type { Members } from "./protocol.ts";
import { ServiceError } from "./service-error.ts";
import type { Member, Shape } from "./shape.ts";

/** How the protocol around the stream writes structures. */
export interface EventWriter {
  readonly contentType: string;
  write(shape: Shape, value: Members): Uint8Array;
}

/** @param union the stream's shape: one member per kind of event
 * @param events values with exactly one member set
 * @param initialResponse the other members of the output, as the first event: RPC protocols have no other place for them
 * A ServiceError thrown by the source ends the stream with an exception frame; any other exception breaks it. */
export async function* writeEventStream(
  union: Shape,
  events: AsyncIterable<Members>,
  writer: EventWriter,
  initialResponse?: Uint8Array,
): AsyncGenerator<Buffer> {
  const { contentType } = writer;
  if (initialResponse) {
    const headers = { ":message-type": "event", ":event-type": "initial-response", ":content-type": contentType };
    yield frame(headers, initialResponse);
  }
  try {
    for await (const event of events) {
      const member = union.members.find(({ name }) => event[name] !== undefined);
      if (member !== undefined) yield eventFrame(member, event[member.name] as Members, writer);
    }
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    yield frame(
      { ":message-type": "exception", ":exception-type": error.code, ":content-type": contentType },
      writeException(union, error, writer),
    );
  }
}

function eventFrame({ name, target }: Member, event: Members, writer: EventWriter): Buffer {
  const headers = { ":message-type": "event", ":event-type": name };
  const payload = target.members.find((member) => member.traits.eventPayload);
  if (payload === undefined) {
    return frame({ ...headers, ":content-type": writer.contentType }, writer.write(target, event));
  }
  const bytes = (event[payload.name] ?? new Uint8Array()) as Uint8Array;
  return frame({ ...headers, ":content-type": "application/octet-stream" }, bytes);
}

/** Exceptions that the stream's model lists are written by it; any other as JSON writes an error. */
function writeException(union: Shape, error: ServiceError, writer: EventWriter): Uint8Array {
  const modelled = union.members.find(({ target }) => target.name === error.code)?.target;
  const values = { ...error.members, message: error.message };
  return modelled === undefined ? Buffer.from(JSON.stringify(values)) : writer.write(modelled, values);
}

function frame(headers: Readonly<Record<string, string>>, body: Uint8Array): Buffer {
  return new EventFrame(headers).encode(body);
}
