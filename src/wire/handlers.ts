/**
 * The types of a service's handlers and errors, derived from the SDK client's published types. Types only: nothing
 * of the client exists at run time.
 */
import type { Readable } from "node:stream";
import type { Handler as SdkHandler } from "@smithy/types";
import type { CommonErrorName } from "./common-errors.ts";
import type { BodyStream, CallContext } from "./service.ts";

/** Names of the operations of an SDK client module. */
export type OperationName<M> = { [K in keyof M & string]: K extends `${infer Name}Command` ? Name : never }[keyof M &
  string];

type SdkCommand<M, Name extends string> = `${Name}Command` extends keyof M
  ? M[`${Name}Command`] extends new (
      ...args: never[]
    ) => { resolveMiddleware(...args: never[]): SdkHandler<infer Input, infer Output> }
    ? { input: Input; output: Output }
    : never
  : never;

/** What stays as it is when shapes are rewritten. */
type Leaf = string | number | boolean | bigint | Date | Uint8Array | undefined | null;

/** Members that the model requires are there: constraints.ts has seen to it. Optional ones stay optional. A blob is
 * many things for a client, for us it is bytes, or a stream of them where a client may send one. */
type Validated<T> = unknown extends T
  ? T
  : Uint8Array extends T
    ? (Readable extends T ? BodyStream : Uint8Array) | Extract<T, undefined>
    : ValidatedPart<T>;
type ValidatedPart<T> = T extends Leaf
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Validated<Item>[]
    : {
        readonly [K in keyof T]: IsOptional<T, K> extends true ? Validated<T[K]> : Validated<Exclude<T[K], undefined>>;
      };

type IsOptional<T, K extends keyof T> = Record<never, never> extends Pick<T, K> ? true : false;

/** Enums are open for whoever answers: the catalog stores strings. Streams are bytes or node streams. */
type Answer<T> = T extends Uint8Array
  ? Uint8Array
  : T extends string
    ? string
    : T extends Leaf
      ? T
      : T extends AsyncIterable<infer Event>
        ? AsyncIterable<Event>
        : T extends readonly (infer Item)[]
          ? readonly Answer<Item>[]
          : T extends { transformToByteArray: unknown }
            ? Uint8Array | Readable
            : { readonly [K in keyof T]: Answer<T[K]> | (IsOptional<T, K> extends true ? undefined : never) };

export type Input<M, Name extends OperationName<M>> = Validated<SdkCommand<M, Name>["input"]>;
export type Output<M, Name extends OperationName<M>> = Answer<Omit<SdkCommand<M, Name>["output"], "$metadata">>;

/** Plain values in, plain values out: no request, no response, no serialisation. */
export type Handler<M, Name extends OperationName<M>> = (
  input: Input<M, Name>,
  context: CallContext,
) => Promise<Output<M, Name>> | Output<M, Name>;

/** A service's operations; those left out answer 501. */
export type Handlers<M> = { readonly [Name in OperationName<M>]?: Handler<M, Name> };

/** Names of the modelled errors of a service: its exported error classes. */
type ModelledErrorName<M> = {
  [K in keyof M & string]: M[K] extends new (
    ...args: never[]
  ) => Error
    ? K extends `${string}ServiceException`
      ? K extends "ServiceException"
        ? K
        : never
      : K
    : never;
}[keyof M & string];

export type ErrorName<M> = ModelledErrorName<M> | CommonErrorName;
