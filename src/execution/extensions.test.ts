import assert from "node:assert/strict";
import { test } from "node:test";
import { type EventPoll, Extensions, type Refusal } from "./extensions.ts";
import { invocation } from "./played-runtime.ts";

/** A poll that keeps what it was answered. */
class PlayedPoll implements EventPoll {
  alive = true;
  // biome-ignore lint/suspicious/noExplicitAny: events as JSON has them
  event: any;

  answer(event: string): void {
    assert.equal(this.event, undefined, "a poll is answered once");
    this.event = JSON.parse(event);
  }
}

function played(external: readonly string[] = []) {
  const extensions = new Extensions(external);
  let arrivals = 0;
  extensions.listen(() => {
    arrivals++;
  });
  const register = (name: string, events: readonly string[] = []): string => {
    const id = extensions.register(name, events);
    assert(typeof id === "string", JSON.stringify(id));
    return id;
  };
  const next = (id: string): PlayedPoll => {
    const poll = new PlayedPoll();
    assert.equal(extensions.next(id, poll), undefined);
    return poll;
  };
  return { extensions, register, next, arrivals: () => arrivals };
}

const refused = (refusal: string | Refusal | undefined): Refusal => {
  assert(typeof refusal === "object");
  return refusal;
};

test("an environment without extensions is always ready and has nobody to tell", () => {
  const { extensions } = played();
  assert.equal(extensions.areReady, true);
  assert.equal(extensions.registered, "none");
  assert.equal(extensions.invoke(invocation(1), 1), false);
  assert.deepEqual(extensions.shutdown("spindown", 1), []);
});

test("external extensions hold until all have registered and asked for work", async () => {
  const { extensions, register, next, arrivals } = played(["one", "two"]);
  let isThrough = false;
  const registered = extensions.untilRegistered().then(() => {
    isThrough = true;
  });
  const one = register("one");
  await new Promise(setImmediate);
  assert.equal(isThrough, false);
  const two = register("two");
  await registered;
  next(one);
  assert.equal(extensions.areReady, false);
  next(two);
  assert.equal(extensions.areReady, true);
  assert.equal(arrivals(), 2);
});

test("who wants to know of invocations is busy until it comes back, and who does not is left alone", () => {
  const { extensions, register, next, arrivals } = played(["busy", "quiet"]);
  const [busy, quiet] = [register("busy", ["INVOKE", "SHUTDOWN"]), register("quiet", ["SHUTDOWN"])];
  const [one, other] = [next(busy), next(quiet)];
  assert.equal(extensions.invoke(invocation(1), 1234), true);
  assert.deepEqual(one.event, {
    eventType: "INVOKE",
    deadlineMs: 1234,
    requestId: invocation(1).requestId,
    invokedFunctionArn: invocation(1).invokedFunctionArn,
    tracing: { type: "X-Amzn-Trace-Id", value: "Root=1-0-0" },
  });
  assert.equal(other.event, undefined);
  assert.equal(extensions.areReady, false);
  next(busy);
  assert.equal(extensions.areReady, true);
  assert.equal(arrivals(), 3);
});

test("the end is told at once to who waits and later to who is busy", () => {
  const { extensions, register, next } = played(["busy", "waits", "deaf"]);
  const ids = [register("busy", ["INVOKE", "SHUTDOWN"]), register("waits", ["SHUTDOWN"]), register("deaf", ["INVOKE"])];
  const [, waits] = ids.map(next);
  extensions.invoke(invocation(1), 1);
  assert.deepEqual(extensions.shutdown("timeout", 99), ["busy", "waits"]);
  const event = { eventType: "SHUTDOWN", shutdownReason: "timeout", deadlineMs: 99 };
  assert.deepEqual(waits?.event, event);
  assert.deepEqual(next(ids[0] as string).event, event);
});

test("an event that finds a broken connection is there for the next call", () => {
  const { extensions, register, next } = played(["one"]);
  const id = register("one", ["INVOKE"]);
  next(id).alive = false;
  extensions.invoke(invocation(1), 1);
  assert.equal(next(id).event?.eventType, "INVOKE");
});

test("one that waits already may not wait twice, but again when its connection broke", () => {
  const { extensions, register, next } = played(["one"]);
  const id = register("one");
  const first = next(id);
  assert.deepEqual(refused(extensions.next(id, new PlayedPoll())), {
    errorType: "Extension.InvalidExtensionState",
    errorMessage:
      "State transition from Ready to Ready failed for extension one. Error: State transition is not allowed",
  });
  first.alive = false;
  next(id);
});

test("events are known by name, and the end is for external extensions only", () => {
  const { extensions } = played(["outer"]);
  const message = (name: string, event: string) => refused(extensions.register(name, [event])).errorMessage;
  assert.equal(message("outer", "invoke"), "invoke: ErrorInvalidEventType");
  assert.equal(message("inner", "SHUTDOWN"), "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension");
  assert.equal(typeof extensions.register("outer", ["SHUTDOWN", "INVOKE"]), "string");
});

test("the eleventh is refused, names are taken once, and registration ends with the runtime's first call", () => {
  const { extensions, register } = played(["outer"]);
  register("outer");
  for (let count = 1; count < 10; count++) register(`inner${count}`);
  assert.equal(refused(extensions.register("inner1", [])).errorMessage, "Extension with this name already registered");
  assert.match(
    refused(extensions.register("outer", [])).errorMessage,
    /^State transition from Registered to Registered /,
  );
  assert.deepEqual(refused(extensions.register("inner10", [])), {
    errorType: "Extension.TooManyExtensions",
    errorMessage: "Extension limit (10) reached",
  });
  extensions.closeRegistration();
  assert.equal(refused(extensions.register("late", [])).errorType, "Extension.RegistrationClosed");
});

test("errors are reported where the state allows it, and are the reason of the end that follows", () => {
  const { extensions, register, next } = played(["one", "two"]);
  const [one, two] = [register("one"), register("two")];
  next(two);
  assert.equal(refused(extensions.reportError(two, "InitError", "X")).errorType, "Extension.InvalidExtensionState");
  assert.equal(extensions.reportedError, undefined);
  assert.equal(extensions.reportError(one, "InitError", "Extension.Broken"), undefined);
  assert.equal(extensions.reportedError, "Extension.InitError");
  extensions.ended("one");
  assert.deepEqual(extensions.report()[0], {
    name: "one",
    state: "InitError",
    events: [],
    errorType: "Extension.Broken",
  });
  assert.equal(refused(extensions.next(one, new PlayedPoll())).errorType, "Extension.InvalidExtensionState");
  assert.equal(refused(extensions.reportError("nobody", "ExitError", "X")).errorMessage, "Unknown extension nobody");
});

test("after a reset the external ones are awaited anew, and nobody is known by an old identifier", () => {
  const { extensions, register, next } = played(["outer"]);
  const id = register("outer", ["INVOKE"]);
  next(id);
  register("inner");
  assert.equal(extensions.registered, "external");
  extensions.reset();
  assert.equal(extensions.registered, "none");
  assert.equal(extensions.areReady, false);
  assert.equal(refused(extensions.next(id, new PlayedPoll())).errorType, "Extension.UnknownExtensionIdentifier");
  assert.notEqual(register("outer"), id);
});

test("extensions of a snapshot go on elsewhere under the names that they know", () => {
  const before = new Extensions(["watcher"]);
  const external = before.register("watcher", ["INVOKE", "SHUTDOWN"]) as string;
  const internal = before.register("inside", ["INVOKE"]) as string;
  const waiting = JSON.parse(JSON.stringify(before.waiting));
  const restored = new Extensions(["watcher"]);
  let arrivals = 0;
  restored.listen(() => arrivals++);
  restored.restore(waiting);
  assert.deepEqual([restored.areReady, restored.registered], [false, "external"]);
  assert.match((restored.register("late", ["INVOKE"]) as { errorType: string }).errorType, /RegistrationClosed/);
  for (const id of [external, internal]) {
    assert.equal(restored.next(id, { alive: true, answer: () => {} }), undefined);
  }
  assert.deepEqual([arrivals, restored.areReady], [2, true]);
  assert.deepEqual(
    restored.report().map(({ name, events }) => [name, events]),
    [
      ["watcher", ["INVOKE", "SHUTDOWN"]],
      ["inside", ["INVOKE"]],
    ],
  );
});
