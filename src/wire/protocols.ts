/** The protocols that the engine speaks, and the choice among those of one service: each request says which it is in. */
import { createAwsQuery } from "./aws-query.ts";
import { createJson10, createJson11 } from "./json-rpc.ts";
import type { ServiceModel } from "./model.ts";
import type { Protocol, ProtocolFactory, RequestHead } from "./protocol.ts";
import { createRestJson } from "./rest-json.ts";
import { createRestXml } from "./rest-xml.ts";
import { createRpcCbor } from "./rpc-cbor.ts";

/** By Smithy id. A new protocol is a file and a line here. */
const FACTORIES: Readonly<Record<string, ProtocolFactory>> = {
  "aws.protocols#awsJson1_0": createJson10,
  "aws.protocols#awsJson1_1": createJson11,
  "aws.protocols#awsQuery": createAwsQuery,
  "aws.protocols#restJson1": createRestJson,
  "aws.protocols#restXml": createRestXml,
  "smithy.protocols#rpcv2Cbor": createRpcCbor,
};

export class Protocols {
  readonly #first: Protocol;
  readonly #others: readonly Protocol[];

  /** @param protocols the one for requests that none recognizes first */
  constructor([first, ...others]: readonly [Protocol, ...Protocol[]]) {
    this.#first = first;
    this.#others = others;
  }

  /** @throws when the model names a protocol that this engine does not speak. */
  static of(model: ServiceModel): Protocols {
    const [first, ...others] = model.protocols.map((id) => {
      const factory = FACTORIES[id];
      if (factory === undefined) throw new Error(`${model.name} speaks ${id}, which is not known here`);
      return factory(model);
    });
    if (first === undefined) throw new Error(`${model.name} speaks no protocol`);
    return new Protocols([first, ...others]);
  }

  /** @param head undefined when there is none to look at */
  spokenIn(head: RequestHead | undefined): Protocol {
    if (head === undefined || this.#first.recognizes(head)) return this.#first;
    return this.#others.find((protocol) => protocol.recognizes(head)) ?? this.#first;
  }
}
