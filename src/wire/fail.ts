/** How a service refuses: by the name of an error; status, fault and body come from its model. */
import { commonError, isCommonErrorName } from "./common-errors.ts";
import type { ErrorName } from "./handlers.ts";
import type { ServiceModel } from "./model.ts";
import { ServiceError } from "./service-error.ts";

/** Throws the named error. `members` are further modelled members, e.g. `{ Reason: "..." }`. */
export type Fail<M> = (name: ErrorName<M>, message: string, members?: Readonly<Record<string, unknown>>) => never;

/** Makes (does not throw) the named error of a service, with `Type` filled in when the error has that member. */
export function serviceError(
  model: ServiceModel,
  name: string,
  message: string,
  members: Readonly<Record<string, unknown>> = {},
): ServiceError {
  const error = model.error(name);
  if (error === undefined) {
    if (isCommonErrorName(name)) return commonError(name, message);
    throw new Error(`${model.name} has no error ${name}`);
  }
  const { status, fault, shape } = error;
  const hasType = shape.members.some((member) => member.name === "Type");
  const type = hasType ? { Type: fault === "client" ? "User" : "Service" } : {};
  return new ServiceError({ code: name, status, fault, message, members: { ...type, ...members } });
}

/** The service's `fail`, its names checked by the compiler against the SDK's error classes and the common errors. */
export function failFor<M>(model: ServiceModel<M>): Fail<M> {
  return (name, message, members) => {
    throw serviceError(model, name, message, members);
  };
}
