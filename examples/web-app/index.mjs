/** An Express application as a Lambda function: pages, a form with a cookie, a redirect, an API, files. */
import { join } from "node:path";
import serverlessExpress from "@codegenie/serverless-express";
import express from "express";

const app = express();
app.use(express.urlencoded({ extended: false }));
app.use(express.json());

app.get("/", (request, response) => {
  const guest = /(?:^|; )guest=([^;]*)/.exec(request.headers.cookie ?? "")?.[1];
  const greeting = guest === undefined ? "Who are you?" : `Welcome, ${escaped(decodeURIComponent(guest))}!`;
  response.type("html").send(`<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>Guests</title><link rel="stylesheet" href="/style.css"></head>
  <body>
    <h1>${greeting}</h1>
    <form method="post" action="/guest"><input name="name"><button>Enter</button></form>
    <img src="/pixel.png" alt="one pixel" width="8" height="8">
  </body>
</html>`);
});

app.post("/guest", (request, response) => {
  response.cookie("guest", request.body.name, { httpOnly: true, sameSite: "lax" });
  response.cookie("visits", "1");
  response.redirect(303, "/");
});

app.get("/search", (request, response) => {
  response.json({ query: request.query, host: request.hostname });
});

app.put("/things/:name", (request, response) => {
  response.status(201).set("X-Thing", request.params.name).json(request.body);
});

app.post("/mirror", express.raw({ type: "image/*", limit: "4mb" }), (request, response) => {
  response.type(request.get("content-type")).send(request.body);
});

app.use(express.static(join(import.meta.dirname, "public")));

const escaped = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

const binarySettings = { contentTypes: ["image/*"] };
export const handler = serverlessExpress({ app, binarySettings });
