/** examples/chat: what is said over a WebSocket is remembered, told to who is there, and shown by the REST API. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { GetObjectCommand, paginateListObjectsV2 } from "@aws-sdk/client-s3";
import { buildExample } from "../../../examples/build.ts";
import { clientEnvironment } from "../../e2e/python-story.ts";
import { until } from "../sender.ts";
import type { Stage } from "../stage.ts";
import type { Story } from "../story.ts";

const DEPLOY = fileURLToPath(new URL("../../../examples/chat/deploy.sh", import.meta.url));
const SHOWN = 50;

interface Said {
  readonly text: string;
}

export async function chat(stage: Stage): Promise<Story> {
  const zip = await buildExample("chat");
  const { stdout } = await promisify(execFile)("sh", [DEPLOY, zip], { env: clientEnvironment(stage.region) });
  const { hostname } = new URL(stdout.trim());
  const rest = hostname.split(".")[0];
  const page = await (await fetch(`${stage.region.url}/_apis/${rest}/prod/`)).text();
  const [, webSocketApi = ""] = /ws:\/\/(\w+)\./.exec(page) ?? [];
  const member = new Member(() => `${stage.region.url.replace("http", "ws")}/_apis/${webSocketApi}/prod`);
  const remembered = () => objects(stage, "messages/");
  return {
    groups: [],
    paceMs: 5,
    send: (message) => member.say(message),
    ends: { remembered: { expects: () => true, arrived: async () => (await remembered()).map(({ text }) => text) } },
    async wrongs() {
      // Whoever was there when the region was killed is noticed to be gone by the next who speaks.
      await member.say("goodbye");
      const isAlone = await until(async () => (await keys(stage, "members/")).length === 1, 10_000);
      const last = (await remembered()).slice(-SHOWN).map(({ text }) => text);
      const shown = (await (await fetch(`${stage.region.url}/_apis/${rest}/prod/messages`)).json()) as Said[];
      member.leave();
      const isShown = JSON.stringify(shown.map(({ text }) => text)) === JSON.stringify(last);
      return { "members that are gone": isAlone ? 0 : 1, "not as shown": isShown ? 0 : 1 };
    },
  };
}

/** Somebody in the room, who comes back after a crash. */
class Member {
  readonly #url: () => string;
  #socket: WebSocket | undefined;

  constructor(url: () => string) {
    this.#url = url;
  }

  /** Resolves when everyone has heard it. @throws when the connection breaks meanwhile */
  async say(text: string): Promise<void> {
    this.#socket ??= await this.#enter();
    const socket = this.#socket;
    const heard = new Promise<void>((resolve, reject) => {
      socket.onmessage = ({ data }) => {
        if ((JSON.parse(String(data)) as Said).text === text) resolve();
      };
      socket.onclose = () => {
        this.#socket = undefined;
        reject(new Error("the connection was closed"));
      };
    });
    socket.send(JSON.stringify({ action: "say", name: "Ada", text }));
    await heard;
  }

  leave(): void {
    this.#socket?.close();
  }

  #enter(): Promise<WebSocket> {
    const socket = new WebSocket(this.#url());
    return new Promise((resolve, reject) => {
      socket.onopen = () => resolve(socket);
      socket.onerror = () => reject(new Error("the room cannot be entered"));
    });
  }
}

async function keys(stage: Stage, Prefix: string): Promise<string[]> {
  const found: string[] = [];
  const pages = paginateListObjectsV2({ client: stage.clients.s3 }, { Bucket: "chat-room", Prefix });
  for await (const { Contents = [] } of pages) found.push(...Contents.map(({ Key = "" }) => Key));
  return found;
}

async function objects(stage: Stage, prefix: string): Promise<Said[]> {
  const said: Said[] = [];
  for (const Key of await keys(stage, prefix)) {
    const { Body } = await stage.clients.s3.send(new GetObjectCommand({ Bucket: "chat-room", Key }));
    said.push(JSON.parse((await Body?.transformToString()) ?? "") as Said);
  }
  return said;
}
