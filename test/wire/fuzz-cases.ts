/** The cases of the fuzz tests: for every operation some random calls and answers, for every error one occurrence. */
import * as fc from "fast-check";
import type { ServiceModel } from "../../src/wire/model.ts";
import type { Shape } from "../../src/wire/shape.ts";
import { structureOf, type Values } from "./model-values.ts";
import type { Peculiarities } from "./services.ts";

export interface FuzzCase {
  readonly operation: string;
  readonly input: Values;
  readonly output: Values;
}

export interface ErrorCase {
  readonly name: string;
  readonly status: number;
  readonly message: string;
  readonly members: Values;
}

/** Set ALONZO_FUZZ_SEED to look for new trouble, or to repeat it. */
export const SEED = Number(process.env.ALONZO_FUZZ_SEED ?? 20_261_121);

/** @param omitted members that are never given @param fixed members that are always this */
export function fuzzCases(
  model: ServiceModel,
  rounds: number,
  { omitted = [], fixed = {}, uncalled = [] }: Peculiarities = {},
): FuzzCase[] {
  const called = [...model.operations.values()].filter(({ name }) => !uncalled.includes(name));
  return called.flatMap(({ name: operation, input, output }) => {
    const isFixed = ({ name }: { readonly name: string }): boolean => Object.hasOwn(fixed, name);
    const always = Object.fromEntries(input.members.filter(isFixed).map(({ name }) => [name, fixed[name]]));
    const given = structureOf(input, false).map((value) => ({ ...without(value, omitted), ...always }));
    const inputs = fc.sample(given, { seed: SEED, numRuns: rounds });
    const outputs = fc.sample(structureOf(output, true), { seed: SEED, numRuns: rounds });
    return inputs.map((value, i) => ({ operation, input: value, output: outputs[i] ?? {} }));
  });
}

export function errorCases(model: ServiceModel): ErrorCase[] {
  return model.errorNames.map((name) => {
    const { status, shape } = model.error(name) ?? {};
    if (status === undefined || shape === undefined) throw new Error(`${name} is not an error`);
    const [random = {}] = fc.sample(structureOf(shape, true), { seed: SEED, numRuns: 1 });
    const { message: _message, Message: _Message, Type: _Type, ...members } = random;
    return { name, status, message: `told by ${name}: "quoted" and ünïcödé`, members };
  });
}

/** Values in a form that two languages and two libraries agree on: bytes and dates marked, undefined left out. */
export function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  if (value instanceof Date) return { $date: value.getTime() };
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined && item !== null);
  return Object.fromEntries(entries.map(([key, item]) => [key, comparable(item)]));
}

export function withoutEmptyLists(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmptyLists);
  if (typeof value !== "object" || value === null) return value;
  const filled = Object.entries(value).filter(([, item]) => !(Array.isArray(item) && item.length === 0));
  return Object.fromEntries(filled.map(([key, item]) => [key, withoutEmptyLists(item)]));
}

export function without(value: unknown, names: readonly string[]): Values {
  return Object.fromEntries(Object.entries(value as Values).filter(([name]) => !names.includes(name)));
}

/** Members without what a client adds by itself: idempotency tokens, and `{}` or no text for a payload or map that is not there. */
export function membersSeen(shape: Shape, value: unknown): unknown {
  const seen = comparable(value) as Values;
  for (const { name, traits } of shape.members) {
    const isEmpty = ["{}", '""'].includes(JSON.stringify(seen[name]));
    if (traits.idempotencyToken || (isEmpty && (traits.httpPayload || traits.httpPrefixHeaders !== undefined)))
      delete seen[name];
  }
  return seen;
}
