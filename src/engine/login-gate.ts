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
  /** The verdict against the login that holds. */
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
   * Resolves when a turn may ask: at once, as the one that tries the login again, or after the verdict of the one that
   * does. Rejects with a refusal that was given since the turn entered first. The caller calls `leave` when its turn is
   * over.
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
   * The login of a process that was started a while ago was refused: its turn tries whether it was renewed since,
   * unless another turn has just found out.
   */
  doubt(turn: object, error: BridgeError): void {
    if (this.#hasNews(turn)) return;
    this.#note(error);
    if (this.#state.name !== "checking") this.#state = { name: "checking", by: turn };
  }

  /** The login was refused to a fresh process. */
  refuse(error: BridgeError): void {
    this.#note(error);
    this.#verdicts++;
    this.#refusal = error;
    this.#become({ name: "refused" });
  }

  /** The API took the request of a process that has the present login. */
  accept(): void {
    if (this.#state.name === "trusted") return;
    this.#verdicts++;
    this.#refusal = undefined;
    this.#account.acceptLogin();
    this.#log.info("the login works again");
    this.#become({ name: "trusted" });
  }

  /** The turn is over. If it was to try the login and came to no verdict, the next one tries. */
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
