/** What tests of the catalog put into it. */
import type { VersionContent } from "./catalog.ts";

export const PLACE = { region: "us-east-1", accountId: "123456789012" };

export const CONTENT: VersionContent = {
  runtime: "nodejs22.x",
  handler: "index.handler",
  roleArn: "arn:aws:iam::123456789012:role/r",
  description: "",
  timeoutSeconds: 3,
  memoryMb: 128,
  ephemeralStorageMb: 512,
  architecture: "x86_64",
  packageType: "Zip",
  logging: { logFormat: "Text", logGroup: "/aws/lambda/f" },
  tracingMode: "PassThrough",
  snapStartApplyOn: "None",
  codeSha256: "code-1",
  codeSize: 100,
  lastModified: "2024-05-01T12:34:56.000+0000",
  state: "Active",
  lastUpdateStatus: "Successful",
};
