/**
 * The API for embedding programs: makes a server from a config, starts it and closes it. It also has what a program
 * needs for a dialect or a lookup of its own.
 */

import { existsSync, readFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { extname, isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { childEnvironment, type Command } from "./claude/launch.ts";
import { findPolicy } from "./claude/managed-policy.ts";
import { createConfig } from "./config/config.ts";
import type { Config } from "./config/settings.ts";
import { openAiErrors } from "./api/openai/errors.ts";
import { StoredResponses } from "./api/openai/responses/stored.ts";
import { StoredSessions } from "./api/openai/sessions/stored.ts";
import { State } from "./state/state.ts";
import { Engine, type EngineStatus } from "./engine/engine.ts";
import { createAccess } from "./http/access.ts";
import { bytesPerMegabyte } from "./http/body.ts";
import { HeldAnswers } from "./http/held-answers.ts";
import { ImageCache } from "./http/image-cache.ts";
import { Listeners } from "./http/listeners.ts";
import { Preparation } from "./http/preparation.ts";
import type { Route } from "./http/route.ts";
import { routesOf } from "./http/routes.ts";
import { createHttpServer } from "./http/server.ts";
import { createLogger } from "./log.ts";
import { machineMemory } from "./memory.ts";
import { realWorld } from "./world.ts";

export { type Config, ConfigError, type ModelAlias } from "./config/settings.ts";
export { answerSchemaSettings } from "./api/answer-schema.ts";
export { type Body, bodyOfPieces, bodyOfText } from "./api/body.ts";
export {
  arrayAt, type Fields, objectAt, optionalBoolean, optionalObject, optionalWholeNumber, refuseUnless, stringAt,
} from "./api/check.ts";
export { type ChosenTools, chooseTools, type ParsedChoice } from "./api/chosen-tools.ts";
export { answerWithClientKeys, streamWithClientKeys } from "./api/client-keys.ts";
export {
  ConversationBuilder, type ParsedConversation, type PlacedResult, type UserContent,
} from "./api/conversation-builder.ts";
export type {
  AnswerFold, AnswerIdentity, BodyLookup, CountDialect, Dialect, ErrorForm, Failure, FailureContext, HeaderView,
  Lookup, LookupRequest, ParseContext, RateLimitWindow, TurnRequest, WireStream,
} from "./api/dialect.ts";
export { HeldText } from "./held-text.ts";
export { base64Image, imageAt } from "./api/image-block.ts";
export type { NumberFields } from "./api/long-numbers.ts";
export { withModelKeys } from "./api/model-keys.ts";
export { modelName } from "./api/model-name.ts";
export { fieldAtFault, type PartFields } from "./api/part-fields.ts";
export { samplingSettings } from "./api/sampling.ts";
export { stopSequenceAt, stopSequencesAt } from "./api/stop-sequences.ts";
export { textBlocks } from "./api/text-blocks.ts";
export { type NamedTool, namedTool, toolNameAt, toolOfSchema } from "./api/tool-definition.ts";
export { toolList } from "./api/tool-list.ts";
export { ToolNames } from "./api/tool-names.ts";
export type { EngineStatus } from "./engine/engine.ts";
export { BridgeError, type BridgeErrorDetails, type ErrorCode, type TurnPart } from "./errors.ts";
export { type AnswerSchema, clientAnswerSchema, clientSchema } from "./schema/client-schema.ts";
export { compiledSchema } from "./schema/compiled.ts";
export { bodyLookupRoute, countRoute, lookupRoute, type Route, type RouteOptions, turnRoute } from "./http/route.ts";
export {
  decodeJsonText, decodeWireText, encodeJsonText, encodeWireText, joinedWireText, joinWireText, jsonLatin1,
  jsonMembers, noText, type WireText, wireText,
} from "./json-text.ts";
export type * from "./turn/count.ts";
export type * from "./turn/event.ts";
export type * from "./turn/message.ts";
export type * from "./turn/turn.ts";
export type * from "./turn/usage.ts";

/** How long `close` lets connections stay open after the last answer has ended, in milliseconds. */
const connectionCloseWaitMs = 1_000;
const secondsPerDay = 86_400;

/** This package's version. */
export const version: string = readManifest().version;

/** What an embedding program may pass besides the config. */
export interface Surroundings {
  /** Environment variables, such as `process.env`; the CLI gets an allowed subset of them. Default: none. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Called with each log line, without its newline. Default: nothing is logged. */
  readonly writeLog?: (line: string) => void;
  /** Called once each time the server becomes idle: 2 s after its last running turn ended. Default: nothing. */
  readonly onRest?: () => void;
  /** Further routes, matched after the server's own: `turnRoute("/v1/mine", dialect)`. Default: none. */
  readonly routes?: readonly Route[];
}

/** A server, made by `createClaudeMaxApi`. */
export interface ClaudeMaxApi {
  /**
   * Opens `stateDir`, starts listening, then looks for the CLI. Resolves with the URL; rejects with Node's error
   * (`EADDRINUSE`…), or with a sentence about the folder.
   */
  listen(): Promise<{ readonly url: string }>;
  /** Resolves when the search for the CLI is over, with the engine's status, which says what was found. */
  discovered(): Promise<EngineStatus>;
  /**
   * Stops accepting connections and lets running answers finish within `shutdownWaitSeconds`. Then it ends the
   * remaining ones and every process. Resolves when all processes and connections have ended.
   */
  close(): Promise<void>;
  /** Kills every CLI process at once. */
  kill(): void;
}

/** Makes a server from a config; it does not listen yet. Omitted settings get defaults. Throws `ConfigError`. */
export function createClaudeMaxApi(
  overrides: Partial<Config> = {},
  { environment = {}, writeLog = () => {}, onRest = () => {}, routes = [] }: Surroundings = {},
): ClaudeMaxApi {
  const config = createConfig(overrides, machineMemory());
  const log = createLogger(config.logLevel, writeLog);
  const state = stateOf(config);
  let listenedPort: number | undefined;
  const engine = new Engine({
    command: config.demo ? demoCommand() : claudeCommand(config.claude),
    environment: childEnvironment(environment, config),
    defaultModel: config.defaultModel,
    aliases: config.aliases,
    maxProcesses: config.maxProcesses,
    maxQueue: config.maxQueue,
    warm: config.warm,
    conversationIdleMsMax: config.conversationIdleSeconds * 1000,
    silenceMsMax: config.turnTimeoutSeconds * 1000,
    // The processes' folder is named after the port that the server listens on: the configured one may be 0, for any.
    folderPlace: () => ({
      runtime: environment["XDG_RUNTIME_DIR"], temporary: tmpdir(), home: homedir(), name: listenedPort?.toString(),
    }),
    world: realWorld,
    log,
    onRest: () => {
      state?.settle();
      return onRest();
    },
  });
  const server = createHttpServer({
    services: {
      engine, log, defaultModel: config.defaultModel, allowsWebSearch: config.allowWebSearch,
      maxBodyBytes: config.maxBodyMegabytes * bytesPerMegabyte, headWaitMs: config.headWaitSeconds * 1000,
      // Requests in preparation have a limit beside that of turns. It is the number of turns that may run or wait: if
      // all of them end at once, as many new requests can already be on their way.
      preparation: new Preparation(config.maxProcesses + config.maxQueue),
      held: new HeldAnswers(log),
      imageCache: new ImageCache(),
      heartbeatMs: config.heartbeatSeconds * 1000, fetchImages: config.fetchImages,
    },
    routes: routesOf({
      engine,
      store: state?.responses ?? new StoredResponses(),
      sessionStore: config.sessions ? state?.sessions ?? new StoredSessions(() => Date.now() / 1000) : undefined,
      server: {
        version, isDemo: config.demo, startedAtMs: Date.now(),
        findPolicy: () => findPolicy(process.platform, existsSync),
      },
      defaultErrors: openAiErrors,
      more: routes,
    }),
    defaultErrors: openAiErrors,
    access: createAccess(config),
  });
  const listeners = new Listeners(server, log);
  let discovery: Promise<unknown> = Promise.resolve();
  return {
    listen: async () => {
      await state?.open();
      const listening = listeners.listen(config.port, config.host).catch(async (error: unknown) => {
        await state?.close();
        throw error;
      });
      const { address, family, port } = await listening;
      listenedPort = port;
      discovery = engine.discover();
      return { url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}` };
    },
    discovered: async () => {
      await discovery;
      return engine.status;
    },
    close: async () => {
      const closed = listeners.close();
      server.closeIdleConnections();
      await engine.close(config.shutdownWaitSeconds * 1000);
      const timer = setTimeout(() => server.closeAllConnections(), connectionCloseWaitMs);
      await closed;
      clearTimeout(timer);
      await state?.close();
    },
    kill: () => engine.kill(),
  };
}

/** What is kept on disk; undefined where nothing is. */
function stateOf({ stateDir, stateMaxMegabytes, stateMaxDays, apiKey }: Config): State | undefined {
  if (stateDir === undefined) return undefined;
  return new State({
    folder: resolve(stateDir), apiKey, bytesMax: stateMaxMegabytes * bytesPerMegabyte,
    secondsMax: stateMaxDays * secondsPerDay, nowSeconds: () => Date.now() / 1000,
  });
}

function readManifest(): { readonly version: string } {
  return JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
}

/** Resolves a relative path here, because the CLI runs in a folder of its own. A bare name is left for PATH. */
function claudeCommand(claude: string): Command {
  const file = !isAbsolute(claude) && /[/\\]/u.test(claude) ? resolve(claude) : claude;
  return { file, leadingArguments: [] };
}

/** The command that runs the demo's stand-in: this process's node, with the same TypeScript loader. */
function demoCommand(): Command {
  const extension = extname(import.meta.url);
  const script = fileURLToPath(new URL(`./demo/claude${extension}`, import.meta.url));
  const loader = extension === ".ts" ? loaderArguments(process.execArgv) : [];
  return { file: process.execPath, leadingArguments: [...loader, script] };
}

/** Selects the node flags that load TypeScript. Other flags, such as a debugger's, are for this process alone. */
function loaderArguments(execArgv: readonly string[]): string[] {
  return execArgv.flatMap((argument, index) => {
    if (/^--experimental-(?:strip|transform)-types$/u.test(argument)) return [argument];
    const [flag = "", value = execArgv[index + 1]] = argument.split(/=(.*)/su, 2);
    if (!/^(?:--import|--require|-r|--loader|--experimental-loader)$/u.test(flag) || value === undefined) return [];
    return [flag, isBareName(value) ? import.meta.resolve(value) : value];
  });
}

/** True for a package's name. The stand-in could not resolve one: no package is installed in its working folder. */
function isBareName(specifier: string): boolean {
  return !isAbsolute(specifier) && !/^(?:\.|[a-z]{2,}:)/u.test(specifier);
}
