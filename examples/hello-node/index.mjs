// A Lambda function: it gets an event, writes a line to its log, and returns what the caller is to receive.
export async function handler(event, context) {
  const name = event.name ?? "world";
  console.log(`Greeting ${name}`);
  return {
    message: `Hello, ${name}!`,
    from: `${context.functionName} on Node ${process.versions.node}`,
  };
}
