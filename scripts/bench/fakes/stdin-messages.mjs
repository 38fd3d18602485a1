/** Stream-json on stdin: calls `reply` with the message of each line, in order. */
export function onEachMessage(reply) {
  let partialLine = "";
  process.stdin.setEncoding("utf8");
  process.stdin.on("data", (text) => {
    const lines = (partialLine + text).split("\n");
    partialLine = lines.pop();
    for (const line of lines) reply(JSON.parse(line));
  });
}
