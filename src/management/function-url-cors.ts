/** The CORS settings of a function URL, from AWS's shape into the catalog's and back. */
import type { FunctionUrlCors } from "../functions/function-url.ts";
import type { LambdaFail, LambdaInput } from "./lambda-api.ts";

type Cors = NonNullable<LambdaInput<"CreateFunctionUrlConfig">["Cors"]>;

const METHODS = ["GET", "PUT", "HEAD", "POST", "PATCH", "DELETE", "*"];

/**
 * @returns undefined for no settings and for empty ones, which is how an update removes them
 * @throws InvalidParameterValueException for what could not stand in the headers that are made of it
 */
export function corsFrom(fail: LambdaFail, cors: Cors | undefined): FunctionUrlCors | undefined {
  if (cors === undefined) return undefined;
  const method = cors.AllowMethods?.find((name) => !METHODS.includes(name));
  if (method !== undefined) {
    fail(
      "InvalidParameterValueException",
      `Value '${method}' at 'cors.allowMethods' is not among ${METHODS.join(", ")}`,
    );
  }
  checkHeaderText(fail, "allowOrigins", cors.AllowOrigins);
  checkHeaderText(fail, "allowHeaders", cors.AllowHeaders);
  checkHeaderText(fail, "exposeHeaders", cors.ExposeHeaders);
  const settings = {
    ...(cors.AllowCredentials !== undefined && { allowCredentials: cors.AllowCredentials }),
    ...(cors.AllowHeaders !== undefined && { allowHeaders: cors.AllowHeaders }),
    ...(cors.AllowMethods !== undefined && { allowMethods: cors.AllowMethods }),
    ...(cors.AllowOrigins !== undefined && { allowOrigins: cors.AllowOrigins }),
    ...(cors.ExposeHeaders !== undefined && { exposeHeaders: cors.ExposeHeaders }),
    ...(cors.MaxAge !== undefined && { maxAge: cors.MaxAge }),
  };
  return Object.keys(settings).length > 0 ? settings : undefined;
}

function checkHeaderText(fail: LambdaFail, member: string, values: readonly string[] | undefined): void {
  const value = values?.find((text) => /[^\x20-\x7e]/.test(text));
  if (value === undefined) return;
  fail(
    "InvalidParameterValueException",
    `Value '${value}' at 'cors.${member}' is not made of printable ASCII characters`,
  );
}

export function corsTo(cors: FunctionUrlCors): Cors {
  return {
    ...(cors.allowCredentials !== undefined && { AllowCredentials: cors.allowCredentials }),
    ...(cors.allowHeaders && { AllowHeaders: [...cors.allowHeaders] }),
    ...(cors.allowMethods && { AllowMethods: [...cors.allowMethods] }),
    ...(cors.allowOrigins && { AllowOrigins: [...cors.allowOrigins] }),
    ...(cors.exposeHeaders && { ExposeHeaders: [...cors.exposeHeaders] }),
    ...(cors.maxAge !== undefined && { MaxAge: cors.maxAge }),
  };
}
