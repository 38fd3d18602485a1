import type { BridgeError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Account } from "./account.ts";
import { WakeUps } from "./wake-ups.ts";
import type { Clock } from "./world.ts";

/**
 * How long a turn waits for another to find out whether the login is still refused, in milliseconds. A refusal comes
 * within a second or two. When none has come after this long, the model is slow, and the login is good.
 */
export const checkWaitMsMax = 20_000;

/** `trusted`: no refusal is known. `refused`: the last answer was one. `checking`: a turn is trying it again. */
type LoginState =
  | { readonly name: "trusted" | "refused" }
  | { readonly name: "checking"; readonly by: object };

/**
 * Says which turns may ask while the login may be refused. One turn at a time tries it, on a fresh process. The others
 * wait for its verdict, so that many turns that meet one refused login do not start a process each.
 */
export class LoginGate {
  readonly #account: Account;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #changed: WakeUps;
  #state: LoginState = { name: "trusted" };
  /** The last verdict, if it was a refusal. */
  #refusal: BridgeError | undefined;
  /** How many verdicts there were, and how many when each turn entered first. */
  #verdicts = 0;
  readonly #verdictsBefore = new WeakMap<object, number>();

  constructor(account: Account, clock: Clock, log: Logger) {
    this.#account = account;
    this.#clock = clock;
    this.#changed = new WakeUps(clock);
    this.#log = log;
  }

  get isTrusted(): boolean {
    return this.#state.name === "trusted";
  }

  /**
   * Resolves when a turn may ask the model: at once if no refusal is known or no other turn is trying the login, else
   * after that turn's verdict, or after `checkWaitMsMax`. Rejects with a refusal that was given since the turn entered
   * first. The caller calls `leave` when its turn is over.
   */
  async enter(turn: object, signal: AbortSignal): Promise<void> {
    if (!this.#verdictsBefore.has(turn)) this.#verdictsBefore.set(turn, this.#verdicts);
    this.#throwNews(turn);
    const deadlineMs = this.#clock.monotonic() + checkWaitMsMax;
    while (this.#state.name === "checking" && this.#state.by !== turn) {
      const leftMs = deadlineMs - this.#clock.monotonic();
      if (leftMs <= 0 || signal.aborted) return;
      await this.#changed.wait(signal, leftMs);
      this.#throwNews(turn);
    }
    if (this.#state.name === "refused") this.#state = { name: "checking", by: turn };
  }

  /**
   * To be called when the API refused the login of a process that was started a while ago. The user may have logged in
   * anew since: the turn tries that, unless another turn has come to a verdict since this one entered.
   */
  doubt(turn: object, error: BridgeError): void {
    if (this.#hasNews(turn)) return;
    this.#note(error);
    if (this.#state.name !== "checking") this.#state = { name: "checking", by: turn };
  }

  /** To be called when the API refused the login of a fresh process: only that counts as the login being refused. */
  refuse(error: BridgeError): void {
    this.#note(error);
    this.#verdicts++;
    this.#refusal = error;
    this.#become({ name: "refused" });
  }

  /** To be called when the API took the request of a process that has the present login: a verdict too. */
  accept(): void {
    if (this.#state.name === "trusted") return;
    this.#verdicts++;
    this.#refusal = undefined;
    this.#account.acceptLogin();
    this.#log.info("the login works again");
    this.#become({ name: "trusted" });
  }

  /** To be called when a turn is over. If it was to try the login and came to no verdict, the next one tries. */
  leave(turn: object): void {
    if (this.#state.name === "checking" && this.#state.by === turn) this.#become({ name: "refused" });
  }

  /** Whether there was a verdict since the turn entered first. */
  #hasNews(turn: object): boolean {
    return this.#verdicts !== this.#verdictsBefore.get(turn);
  }

  #throwNews(turn: object): void {
    if (this.#refusal !== undefined && this.#hasNews(turn)) throw this.#refusal;
  }

  #note({ message }: BridgeError): void {
    if (this.#state.name === "trusted") this.#log.warn("the login was refused: every free process ends");
    this.#account.refuseLogin(message);
  }

  #become(state: LoginState): void {
    this.#state = state;
    this.#changed.wake();
  }
}
