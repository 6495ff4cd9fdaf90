/** Where an object is below an S3 endpoint: by path, which all of them know; each byte that is not plain is encoded, as signatures want it. */
export function objectPath(bucket: string, key: string): string {
  return `/${bucket}/${key.split("/").map(encoded).join("/")}`;
}

const encoded = (part: string): string =>
  encodeURIComponent(part).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
