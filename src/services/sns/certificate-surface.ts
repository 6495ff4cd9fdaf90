/** Serves the certificate with which messages are verified: what SigningCertURL points at. */
import type { HttpSurface, SurfaceMatch } from "../../wire/http-surface.ts";
import type { MessageSigner } from "./message-signer.ts";

const PATH = /^\/SimpleNotificationService-[0-9a-f]{32}\.pem$/;

export function certificateSurface(signer: MessageSigner): HttpSurface {
  const text = (body: string) => Buffer.from(body);
  const match: SurfaceMatch = {
    by: "path",
    handle: async (request) => {
      const pem = request.method === "GET" ? await signer.certificateAt(request.path) : undefined;
      if (pem === undefined) request.send(404, ["Content-Type", "text/plain"], text("Not Found\n"));
      else request.send(200, ["Content-Type", "application/x-pem-file"], text(pem));
    },
    upgrade: async (request) => request.refuse(404, [], text("")),
    renderError: (error) => ({
      status: error.status,
      headers: { "Content-Type": "text/plain" },
      body: text(`${error.message}\n`),
    }),
  };
  return { ownsHost: () => false, match: (_host, path) => (PATH.test(path) ? match : undefined) };
}
