/** Handles a request whose tokens are counted, and not asked. */

import type { CountDialect, TurnRequest } from "../api/dialect.ts";
import type { Handler } from "./exchange.ts";
import { prepareTurn } from "./prepare-turn.ts";
import { sendBytes } from "./respond.ts";

/** Makes the handler of a dialect's count: it reads a request, counts its turn and answers in the dialect's form. */
export function answerCount<Request extends TurnRequest>(dialect: CountDialect<Request>): Handler {
  return async (exchange, services) => {
    const { asked, turn, complete } = await prepareTurn(dialect, exchange, services);
    try {
      const count = await services.engine.count(turn, exchange.signal, complete);
      sendBytes(exchange.response, 200, Buffer.from(dialect.counted(count), "latin1"), dialect.headers);
    } finally {
      asked.release?.();
    }
  };
}
