/** The least that a server between a CLI and a socket can do: the CLI's stdout piped into the response as it is. */
import { spawn } from "node:child_process";
import { createServer } from "node:http";

const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8").on("data", (text) => { body += text; }).on("end", () => {
    const { messages } = JSON.parse(body);
    const child = spawn("claude", ["--print", messages.at(-1).content], { stdio: ["ignore", "pipe", "ignore"] });
    response.once("close", () => child.kill());
    response.writeHead(200, { "content-type": "text/event-stream" });
    child.stdout.pipe(response);
  });
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port} `));
