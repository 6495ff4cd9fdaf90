/** REST APIs made of a description: OpenAPI 3.0 or Swagger 2.0, JSON or YAML, with API Gateway's extensions. */
import type { Handlers, Input } from "../../../wire/handlers.ts";
import { given } from "../control.ts";
import { type DescriptionPart, readDescription } from "../description-part.ts";
import { ACCOUNT } from "../records.ts";
import { apiOperations } from "./api-operations.ts";
import { RestApiImport } from "./rest-api-import.ts";
import type { RestApis } from "./rest-apis.ts";
import { type ApiGatewayV1, type GatewayResponse, KINDS, type Model } from "./shapes.ts";

/** MB, as AWS takes it. */
const LARGEST = 6;
const EXTENSION = "x-amazon-apigateway-";

type Parameters = Readonly<Record<string, string>>;

export function importOperations(apis: RestApis): Handlers<ApiGatewayV1> {
  const { fail } = apis;
  const { records } = apis.control;
  const { CreateRestApi: create, UpdateRestApi: update } = apiOperations(apis);

  return {
    ImportRestApi: async ({ body, parameters = {} }) => {
      const root = await read(body);
      return records.change(() => {
        const { id } = create({ ...settingsOf(root, parameters), name: root.at("info").at("title").text ?? "" });
        new RestApiImport(apis, String(id), root).put(basePath(root, parameters));
        return apis.get(String(id));
      });
    },
    PutRestApi: async ({ restApiId, mode = "merge", body, parameters = {} }) => {
      const root = await read(body);
      return records.change(() => {
        const before = apis.get(restApiId);
        if (mode === "overwrite") clear(restApiId, String(before.rootResourceId));
        const name = root.at("info").at("title").text;
        const settings = { ...settingsOf(root, parameters), ...(name !== undefined && { name }) };
        records.put(ACCOUNT, KINDS.api, restApiId, { ...before, ...given(settings) });
        // Checks what has come together.
        update({ restApiId, patchOperations: [] });
        new RestApiImport(apis, restApiId, root).put(basePath(root, parameters));
        return apis.get(restApiId);
      });
    },
  };

  async function read(body: Input<ApiGatewayV1, "ImportRestApi">["body"]): Promise<DescriptionPart> {
    // The model does not stream it, whatever clients may send it from.
    const bytes = Buffer.from((body as unknown as Uint8Array | undefined) ?? []);
    if (bytes.length > LARGEST * 1024 * 1024) {
      fail("LimitExceededException", `The description of an API is ${LARGEST} MB at most`);
    }
    const root = await readDescription(bytes.toString("utf8"));
    const version = root?.at("swagger").anyText ?? root?.at("openapi").anyText ?? "";
    const isKnown = /^(2|2\.0|3\.0\.\d+)$/.test(version);
    return root && isKnown ? root : fail("BadRequestException", "Invalid OpenAPI input.");
  }

  /** What stands before all paths, if it is asked for: by default nothing does. */
  function basePath(root: DescriptionPart, { basepath = "ignore" }: Parameters): string {
    if (basepath === "ignore") return "";
    if (basepath !== "prepend") fail("BadRequestException", "Of basepath this region serves ignore and prepend");
    const server = root.at("servers").items[0]?.at("url").text ?? "";
    const path = root.at("basePath").text ?? server.replace(/^[a-z]+:\/\/[^/]*/, "");
    return path.replace(/\/$/, "");
  }

  /** Everything but the API itself, its stages and what they serve. */
  function clear(id: string, rootResourceId: string): void {
    for (const resource of apis.resources(id)) {
      if (resource.id !== rootResourceId) records.delete(id, KINDS.resource, String(resource.id));
    }
    apis.putResource(id, { id: rootResourceId, path: "/" });
    const all = <T>(kind: string, idOf: (one: T) => string | undefined) => {
      for (const one of records.list<T>(id, kind)) records.delete(id, kind, String(idOf(one)));
    };
    for (const kind of [KINDS.authorizer, KINDS.validator]) all<{ id?: string }>(kind, (one) => one.id);
    all<Model>(KINDS.model, ({ name }) => name);
    all<GatewayResponse>(KINDS.gatewayResponse, ({ responseType }) => responseType);
  }
}

/** Of the API itself. */
function settingsOf(
  root: DescriptionPart,
  { endpointConfigurationTypes }: Parameters,
): Omit<Input<ApiGatewayV1, "CreateRestApi">, "name"> {
  const policy = root.at(`${EXTENSION}policy`);
  const binaryMediaTypes = root.at(`${EXTENSION}binary-media-types`);
  const endpoint = root.at(`${EXTENSION}endpoint-configuration`);
  const types = endpointConfigurationTypes?.split(",") ?? endpoint.at("types").texts;
  const isDisabled = endpoint.at("disableExecuteApiEndpoint");
  return {
    description: root.at("info").at("description").text,
    version: root.at("info").at("version").anyText,
    minimumCompressionSize: root.at(`${EXTENSION}minimum-compression-size`).number,
    ...apiKeySource(root),
    ...(binaryMediaTypes.isThere && { binaryMediaTypes: binaryMediaTypes.texts }),
    ...(policy.isThere && { policy: policy.text ?? JSON.stringify(policy.value) }),
    ...(types.length > 0 && { endpointConfiguration: { types: types as ("EDGE" | "PRIVATE" | "REGIONAL")[] } }),
    ...(isDisabled.isThere && { disableExecuteApiEndpoint: isDisabled.flag }),
  };
}

function apiKeySource(root: DescriptionPart): Pick<Input<ApiGatewayV1, "CreateRestApi">, "apiKeySource"> {
  const source = root.at(`${EXTENSION}api-key-source`).text?.toUpperCase();
  return source === undefined ? {} : { apiKeySource: source as "AUTHORIZER" | "HEADER" };
}
