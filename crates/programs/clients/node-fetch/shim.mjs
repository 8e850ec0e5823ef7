// fetch of Node.js, with an Agent of its own undici so that settings can be given.
import { createInterface } from "node:readline";

const say = (answer) => process.stdout.write(JSON.stringify(answer) + "\n");
const never = 2 ** 31 - 1;
const underWay = new Map();
let base, dispatcher;

async function configure({ base: uri, settings, authority }) {
  base = uri;
  // The class of the dispatcher that fetch uses by itself: there once something was fetched.
  await fetch("data:,");
  const Agent = globalThis[Symbol.for("undici.globalDispatcher.1")].constructor;
  dispatcher = new Agent({
    connections: settings.max_connections ?? undefined,
    keepAliveTimeout: settings.idle_timeout ?? never,
    keepAliveMaxTimeout: settings.idle_timeout ?? never,
    headersTimeout: settings.read_timeout ?? 0,
    bodyTimeout: settings.read_timeout ?? 0,
    connectTimeout: settings.connect_timeout ?? 0,
    connect: { timeout: settings.connect_timeout ?? 0, ca: authority ?? undefined },
  });
  return `${process.versions.node} (undici ${process.versions.undici})`;
}

const KINDS = {
  ECONNREFUSED: "connect",
  UND_ERR_CONNECT_TIMEOUT: "connect",
  ECONNRESET: "reset",
  EPIPE: "reset",
  UND_ERR_SOCKET: "closed",
  UND_ERR_HEADERS_TIMEOUT: "timeout",
  UND_ERR_BODY_TIMEOUT: "timeout",
  ETIMEDOUT: "timeout",
};

function failure(n, error) {
  const words = [];
  let kind = "other";
  for (let cause = error; cause; cause = cause.cause) {
    words.push(`${cause.name}: ${cause.message}`);
    kind = KINDS[cause.code] ?? (String(cause.code).startsWith("HPE_") ? "protocol" : kind);
  }
  return { n, kind, message: words.join(": ") };
}

async function send({ n, method, path, headers, body, read }) {
  const giveUp = new AbortController();
  underWay.set(n, giveUp);
  let response, text = "";
  try {
    response = await fetch(base + path, {
      method,
      headers,
      dispatcher,
      body: body ? "x".repeat(body) : undefined,
      signal: giveUp.signal,
    });
    const decoder = new TextDecoder("latin1");
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk);
      if (read !== null && text.length >= read) return say({ n, status: response.status, body: text, end: "dropped" });
    }
    say({ n, status: response.status, body: text, end: "complete" });
  } catch (error) {
    if (giveUp.signal.aborted) return;
    const fault = failure(n, error);
    say(response ? { ...fault, status: response.status, body: text, end: "failed" } : fault);
  } finally {
    underWay.delete(n);
  }
}

const commands = {
  configure: async (command) => say({ n: 0, version: await configure(command) }),
  send,
  cancel: ({ n }) => underWay.get(n)?.abort(),
  close: async ({ n }) => {
    await dispatcher.close();
    say({ n });
  },
  drop: () => (dispatcher = undefined),
};

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const command = JSON.parse(line);
    commands[command.op](command);
  })
  .on("close", () => process.exit());
