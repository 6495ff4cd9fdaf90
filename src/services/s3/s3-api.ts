/** S3's API as the compiler sees it. Types only: nothing of the client exists at run time. */
import type { Handlers, Input, OperationName } from "../../wire/handlers.ts";

export type S3 = typeof import("@aws-sdk/client-s3");
export type S3Handlers = Handlers<S3>;
export type S3Input<Name extends OperationName<S3>> = Input<S3, Name>;
export type { BodyStream, CallContext } from "../../wire/service.ts";
