// http.request of Node.js with an Agent that keeps connections.
import http from "node:http";
import https from "node:https";
import { createInterface } from "node:readline";

const say = (answer) => process.stdout.write(JSON.stringify(answer) + "\n");
const underWay = new Map();
let base, agent, request;

function configure({ base: uri, settings, authority }) {
  base = uri;
  const module = authority ? https : http;
  request = module.request;
  agent = new module.Agent({
    keepAlive: true,
    maxSockets: settings.max_connections ?? Infinity,
    maxFreeSockets: settings.max_idle ?? 256,
    ca: authority ?? undefined,
  });
  return process.versions.node;
}

function failure(n, error) {
  const code = String(error.code);
  // Without a system's error code `socket hang up` is a connection that ended before its time.
  const closed = code === "ECONNRESET" && (error.message === "socket hang up" || error.message === "aborted");
  const kinds = { ECONNREFUSED: "connect", ECONNRESET: "reset", EPIPE: "reset", ETIMEDOUT: "timeout" };
  const kind = closed ? "closed" : code.startsWith("HPE_") ? "protocol" : (kinds[code] ?? "other");
  return { n, kind, message: `${error.name}: ${error.message}` };
}

function send({ n, method, path, headers, body, read }) {
  let response, text = "", done = false;
  const finish = (answer) => {
    if (!done) say(answer);
    done = true;
    underWay.delete(n);
  };
  const failed = (error) =>
    finish(response ? { ...failure(n, error), status: response.statusCode, body: text, end: "failed" } : failure(n, error));
  const outgoing = request(base + path, { method, headers: headers.flat(), agent });
  underWay.set(n, () => {
    done = true;
    outgoing.destroy();
  });
  outgoing.on("error", failed);
  outgoing.on("response", (incoming) => {
    response = incoming;
    incoming.setEncoding("latin1");
    incoming.on("data", (chunk) => {
      text += chunk;
      if (read === null || text.length < read) return;
      finish({ n, status: response.statusCode, body: text, end: "dropped" });
      incoming.destroy();
    });
    incoming.on("end", () => finish({ n, status: response.statusCode, body: text, end: "complete" }));
    incoming.on("error", failed);
  });
  outgoing.end(body ? "x".repeat(body) : undefined);
}

const commands = {
  configure: (command) => say({ n: 0, version: configure(command) }),
  send,
  cancel: ({ n }) => underWay.get(n)?.(),
  close: ({ n }) => {
    agent.destroy();
    say({ n });
  },
  drop: () => (agent = undefined),
};

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const command = JSON.parse(line);
    commands[command.op](command);
  })
  .on("close", () => process.exit());
