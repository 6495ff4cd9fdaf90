/** A function URL: the HTTP endpoint of a function or of one of its aliases. What its owner configures, and no HTTP. */

export interface FunctionUrlCors {
  readonly allowCredentials?: boolean;
  readonly allowHeaders?: readonly string[];
  readonly allowMethods?: readonly string[];
  readonly allowOrigins?: readonly string[];
  readonly exposeHeaders?: readonly string[];
  /** seconds, 0..86400 */
  readonly maxAge?: number;
}

/** One document of `catalog.settings("functionUrl")`, kept under the function's name and its alias. */
export interface FunctionUrl {
  /** 32 lower-case letters and digits; the same as long as the URL exists. */
  readonly urlId: string;
  readonly authType: "NONE" | "AWS_IAM";
  readonly invokeMode: "BUFFERED" | "RESPONSE_STREAM";
  readonly cors?: FunctionUrlCors;
  /** 2024-05-01T12:34:56.123000Z */
  readonly creationTime: string;
  readonly lastModifiedTime: string;
}
