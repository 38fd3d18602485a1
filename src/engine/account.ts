import type { InitializeAnswer, RateLimitInfo } from "../claude/protocol.ts";
import type { Logger } from "../log.ts";
import type { Clock } from "./world.ts";

/** What the CLI has reported about its login and about the subscription behind it. */
export class Account {
  readonly #log: Logger;
  readonly #clock: Clock;
  #login: Pick<InitializeAnswer, "loggedIn" | "knowsEmail"> | undefined;
  #loginRefusal: string | undefined;
  #rateLimit: RateLimitInfo | undefined;

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Whether the CLI has a login that the API has not refused since; undefined until the CLI was asked. */
  get loggedIn(): boolean | undefined {
    return this.#loginRefusal === undefined ? this.#login?.loggedIn : false;
  }

  /**
   * The API's words when it refused the login, as clients are told them; undefined if it has not, or takes it again.
   */
  get loginRefusal(): string | undefined {
    return this.#loginRefusal;
  }

  /** Whether the CLI tells the model the account's e-mail address; undefined until it was asked. */
  get sendsEmail(): boolean | undefined {
    return this.#login?.knowsEmail;
  }

  /** The subscription's rate limit window, as the CLI last reported it; undefined once it has been reset. */
  get rateLimit(): RateLimitInfo | undefined {
    const resetsAt = this.#rateLimit?.resetsAt;
    return resetsAt !== undefined && resetsAt * 1000 <= this.#clock.now() ? undefined : this.#rateLimit;
  }

  noteLogin({ loggedIn, knowsEmail }: InitializeAnswer): void {
    this.#login = { loggedIn, knowsEmail };
  }

  /** Discards what is known of the login, until the CLI is asked again. */
  forgetLogin(): void {
    this.#login = undefined;
  }

  refuseLogin(words: string): void {
    this.#loginRefusal = words;
  }

  acceptLogin(): void {
    this.#loginRefusal = undefined;
  }

  noteRateLimit(info: RateLimitInfo): void {
    if (info.status !== this.#rateLimit?.status) {
      this.#log.info("the subscription's window changed", { status: info.status, window: info.rateLimitType });
    }
    this.#rateLimit = info;
  }
}
