/**
 * Where the CLI renews a login that it has in a file, on loopback. The CLI's address of it cannot be changed, so it comes by a
 * proxy, and trusts an authority that is made here. As Anthropic does it, each refresh token is good for one use.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer as createProxy, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { cleanUp } from "./cleanup.ts";
import { madeOnce } from "./made-once.ts";

const hosts = ["platform.claude.com", "console.anthropic.com", "api.anthropic.com"];
/** Long enough for others that renew the same login to come meanwhile. */
const answerMs = 300;
const lifeSeconds = 8 * 60 * 60;

export interface TokenEndpoint {
  /** What a process needs to come here. */
  readonly environment: Readonly<Record<string, string>>;
  /** The refresh tokens that were sent, in their order. */
  readonly sent: readonly string[];
  /** The access token that the API takes; none where it is undefined. */
  accessToken: string | undefined;
  /** Writes a login into the home at `folder`, as `/login` does, or one that has expired. */
  logIn(folder: string, isExpired?: boolean): void;
  /** The login that is in the file. */
  loginIn(folder: string): { readonly accessToken: string; readonly refreshToken: string; readonly expiresAt: number };
  /** The refresh token can be used no more. */
  revoke(): void;
}

/** Why it cannot be had here; false where it can. */
export function tokenEndpointUnavailable(): string | false {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return false;
  } catch {
    return "there is no openssl to make a certificate with";
  }
}

export async function startTokenEndpoint(t: TestContext): Promise<TokenEndpoint> {
  const folder = madeOnce("token-endpoint", makeCertificates);
  const sent: string[] = [];
  const sockets = new Set<Socket>();
  let logins = 0;
  let refreshToken: string | undefined;
  const newTokens = (): void => {
    refreshToken = `sk-ant-ort01-made-up-${++logins}`;
    endpoint.accessToken = `sk-ant-oat01-made-up-${logins}`;
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const say = (status: number, body: object): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    if (request.url !== "/v1/oauth/token") return say(200, { account: { uuid: "made-up", email: "ada@example.com" }, organization: { uuid: "made-up" } });
    const { refresh_token } = JSON.parse(text) as { readonly refresh_token: string };
    sent.push(refresh_token);
    const isGood = refresh_token === refreshToken;
    if (isGood) newTokens();
    const given = { access_token: endpoint.accessToken, refresh_token: refreshToken };
    await delay(answerMs);
    if (!isGood) return say(400, { error: "invalid_grant", error_description: "Refresh token not found or invalid" });
    say(200, { token_type: "Bearer", ...given, expires_in: lifeSeconds, scope: "user:inference user:profile user:sessions:claude_code" });
  }

  const tls = createTlsServer({ key: readFileSync(join(folder, "leaf.key")), cert: readFileSync(join(folder, "leaf.pem")) }, (request, response) => void answer(request, response));
  const proxy = createProxy((_request, response) => response.writeHead(403).end());
  proxy.on("connect", (request, socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).once("close", () => sockets.delete(socket));
    if (!hosts.includes(request.url?.split(":")[0] ?? "")) return void socket.destroy();
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    tls.emit("connection", socket);
  });
  await new Promise<void>((resolve, reject) => proxy.once("error", reject).listen(0, "127.0.0.1", resolve));
  cleanUp(t, () => new Promise<void>((resolve) => {
    proxy.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  }));
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const endpoint: TokenEndpoint = {
    environment: { HTTPS_PROXY: url, NO_PROXY: "127.0.0.1", NODE_EXTRA_CA_CERTS: join(folder, "ca.pem") },
    sent,
    accessToken: undefined,
    logIn(home, isExpired = false) {
      newTokens();
      const login = {
        accessToken: endpoint.accessToken, refreshToken, expiresAt: Date.now() + (isExpired ? -1 : lifeSeconds) * 1000,
        scopes: ["user:inference", "user:profile", "user:sessions:claude_code"], subscriptionType: "max", rateLimitTier: "default_claude_max_20x",
      };
      mkdirSync(join(home, ".claude"), { recursive: true });
      writeFileSync(fileIn(home), JSON.stringify({ claudeAiOauth: login }), { mode: 0o600 });
      if (isExpired) endpoint.accessToken = undefined;
    },
    loginIn: (home) => JSON.parse(readFileSync(fileIn(home), "utf8")).claudeAiOauth,
    revoke: () => void (refreshToken = undefined),
  };
  return endpoint;
}

const fileIn = (home: string): string => join(home, ".claude", ".credentials.json");

function makeCertificates(folder: string): void {
  const path = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): void => void execFileSync("openssl", args, { stdio: "ignore" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const names = path("names");
  writeFileSync(names, `subjectAltName=${hosts.map((host) => `DNS:${host}`).join(",")}`);
  openssl("req", "-x509", ...newKey, "-days", "30", "-keyout", path("ca.key"), "-out", path("ca.pem"), "-subj", "/CN=made up for tests");
  openssl("req", ...newKey, "-keyout", path("leaf.key"), "-out", path("leaf.csr"), "-subj", `/CN=${hosts[0]}`);
  openssl("x509", "-req", "-in", path("leaf.csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"), "-CAcreateserial", "-days", "30", "-extfile", names, "-out", path("leaf.pem"));
}
