/**
 * The protocol awsQuery: a form in the body, or in the query string of a GET, names the operation (`Action`) and its
 * input; the answer is XML. Reading is our own (form.ts), writing is the SDK's XML codec over the model's shapes.
 */
import { XmlCodec } from "@aws-sdk/core/protocols";
import type { $Schema } from "@smithy/types";
import { CodecSchemas } from "./codec-schemas.ts";
import { commonError } from "./common-errors.ts";
import { type FormNode, parseForm, readForm } from "./form.ts";
import { asBuffer } from "./json-codec.ts";
import type { Operation, ServiceModel } from "./model.ts";
import type { Members, Protocol, RequestHead, Routable } from "./protocol.ts";
import { queryCode, queryFault } from "./query-errors.ts";
import type { WireRequest, WireResponse } from "./service.ts";
import { ServiceError } from "./service-error.ts";
import { serializationError } from "./strict.ts";

const FORM_TYPE = "application/x-www-form-urlencoded";
const METADATA: $Schema = [3, "", "ResponseMetadata", 0, ["RequestId"], [0]] as unknown as $Schema;

export const createAwsQuery = (model: ServiceModel): Protocol => new AwsQuery(model);

class AwsQuery implements Protocol {
  readonly #model: ServiceModel;
  readonly #schemas: CodecSchemas;
  readonly #codec: XmlCodec;
  readonly #answers = new Map<Operation, $Schema>();
  /** By body, so that routing and reading parse it once. */
  readonly #forms = new WeakMap<Buffer, FormNode>();

  constructor(model: ServiceModel) {
    this.#model = model;
    this.#schemas = new CodecSchemas(model.namespace);
    this.#codec = new XmlCodec({
      xmlNamespace: model.xmlNamespace ?? "",
      serviceNamespace: model.namespace,
      timestampFormat: { useTrait: true, default: 5 },
      httpBindings: false,
    });
  }

  recognizes({ headers, query }: RequestHead): boolean {
    return isForm(headers) || /(?:^|&)Action=/.test(query);
  }

  routesByBody({ method, headers }: RequestHead): boolean {
    return method === "POST" && isForm(headers);
  }

  route(request: Routable): Operation | ServiceError {
    try {
      return this.#route(this.#formOf(request));
    } catch (error) {
      if (error instanceof ServiceError) return error;
      throw error;
    }
  }

  parse(operation: Operation, request: WireRequest): Members {
    return readForm(operation.input, this.#formOf(request));
  }

  write(operation: Operation, output: Members, requestId: string): WireResponse {
    const answer = {
      [`${operation.name}Result`]: output,
      ResponseMetadata: { RequestId: requestId },
    };
    return xml(200, this.#xml(this.#answerOf(operation), answer), requestId);
  }

  fail(error: ServiceError, requestId: string): WireResponse {
    const model = this.#model.error(error.code);
    const { members = [] } = model?.shape ?? {};
    const further = members.filter(({ name }) => name !== "message" && name !== "Message");
    const names = ["Type", "Code", "Message", ...further.map(({ name }) => name)];
    const targets = [
      0,
      0,
      0,
      ...further.map(
        ({ target }) =>
          () =>
            this.#schemas.of(target),
      ),
    ];
    const detail = [3, "", "Error", 0, names, targets];
    const schema = [3, "", "ErrorResponse", 0, ["Error", "RequestId"], [() => detail, 0]] as unknown as $Schema;
    const values = { Type: queryFault(error), Code: queryCode(error, model), Message: error.message };
    const body = this.#xml(schema, { Error: { ...error.members, ...values }, RequestId: requestId });
    // What is wrong with a signature is never a matter of the path.
    const status = error.status === 404 && model === undefined ? 400 : error.status;
    return xml(status, body, requestId);
  }

  #route(form: FormNode): Operation | ServiceError {
    const action = form.children.get("Action")?.value;
    const version = form.children.get("Version")?.value;
    if (action === undefined) return commonError("MissingAuthenticationTokenException", "Missing Authentication Token");
    const operation = this.#model.operations.get(action);
    // Old tools leave the version out; another service's operation of that name has another.
    if (operation !== undefined && (version === undefined || version === this.#model.apiVersion)) return operation;
    const text = `Could not find operation ${action.slice(0, 128)} for version ${(version ?? "NO_VERSION_SPECIFIED").slice(0, 64)}`;
    return commonError("UnknownOperationException", text);
  }

  #formOf({ query, headers, body }: Routable): FormNode {
    if (!isForm(headers)) return parseForm(query);
    if (body === undefined) throw serializationError("The request has no body");
    const known = this.#forms.get(body);
    if (known !== undefined) return known;
    const form = parseForm(body);
    this.#forms.set(body, form);
    return form;
  }

  /** The whole answer as one schema. An output that the model lacks has no element; one without members has (boto3). */
  #answerOf(operation: Operation): $Schema {
    const known = this.#answers.get(operation);
    if (known !== undefined) return known;
    const { name, output } = operation;
    const hasResult = output.name !== "Unit";
    const names = [...(hasResult ? [`${name}Result`] : []), "ResponseMetadata"];
    const targets = [...(hasResult ? [() => this.#schemas.of(output)] : []), () => METADATA];
    const schema = [3, "", `${name}Response`, 0, names, targets] as unknown as $Schema;
    this.#answers.set(operation, schema);
    return schema;
  }

  #xml(schema: $Schema, value: Members): Buffer {
    const serializer = this.#codec.createSerializer();
    serializer.write(schema, value);
    return asBuffer(`<?xml version="1.0"?>\n${serializer.flush()}`);
  }
}

function isForm(headers: WireRequest["headers"]): boolean {
  return headers["content-type"]?.startsWith(FORM_TYPE) ?? false;
}

function xml(status: number, body: Buffer, requestId: string): WireResponse {
  return { status, headers: { "content-type": "text/xml", "x-amzn-RequestId": requestId }, body };
}
