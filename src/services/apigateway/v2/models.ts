/** Models: JSON schemas that an API names. Kept and told; requests are not held to them. */
import type { Handlers } from "../../../wire/handlers.ts";
import { newPartId } from "../api-ids.ts";
import { given } from "../control.ts";
import { type Apis, Parts } from "./parts.ts";
import { type ApiGatewayV2, KINDS, type Model } from "./shapes.ts";

export function modelHandlers(apis: Apis): Handlers<ApiGatewayV2> {
  const models = new Parts<Model>(apis, KINDS.model, "Model");
  const { fail } = apis;

  function check(apiId: string, model: Model): void {
    if (!/^[A-Za-z0-9]{1,128}$/.test(model.Name ?? ""))
      fail("BadRequestException", `Invalid model name: ${model.Name}`);
    const twin = models.all(apiId).find(({ Name, ModelId }) => Name === model.Name && ModelId !== model.ModelId);
    if (twin) fail("ConflictException", `Model name already exists for this API: ${model.Name}`);
    try {
      JSON.parse(model.Schema ?? "");
    } catch {
      fail("BadRequestException", "Model Schema must be valid JSON");
    }
  }

  return {
    CreateModel: ({ ApiId, ...input }) => {
      apis.get(ApiId);
      const ModelId = newPartId(6);
      const model: Model = { ContentType: "application/json", ...given(input), Name: input.Name, ModelId };
      check(ApiId, model);
      return models.put(ApiId, ModelId, model);
    },
    GetModel: ({ ApiId, ModelId }) => models.get(ApiId, ModelId),
    GetModels: ({ ApiId, ...paging }) => models.list(ApiId, paging),
    UpdateModel: ({ ApiId, ModelId, ...changes }) =>
      models.update(ApiId, ModelId, given(changes), (after) => check(ApiId, after)),
    DeleteModel: ({ ApiId, ModelId }) => {
      models.delete(ApiId, ModelId);
      return {};
    },
  };
}
