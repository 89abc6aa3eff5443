// Serves the built UI and passes the API's calls on to a server: for work on the UI, without
// building the server anew.
//
// usage: node tools/serve.mjs DIST http://HOST:PORT [PORT]
import { readFileSync } from "node:fs";
import { createServer, request as forward } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream";

const [dist, target, port = "0"] = process.argv.slice(2);
if (dist === undefined || target === undefined) {
  console.error("usage: node tools/serve.mjs DIST http://HOST:PORT [PORT]");
  process.exit(2);
}

// Read anew each time: a build changes the names.
function fileOf(path) {
  const table = JSON.parse(readFileSync(join(dist, "files.json"), "utf8"));
  return table.find((file) => file.path === path) ?? table.find((file) => file.path === "/");
}

const server = createServer((request, response) => {
  const path = new URL(request.url, target).pathname;
  if (/^\/(cairn\.v1|google\.)/.test(path)) {
    const passed = forward(
      `${target}${request.url}`,
      {
        method: request.method,
        headers: { ...request.headers, host: new URL(target).host, origin: target },
      },
      (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        pipeline(answer, response, () => undefined); // what breaks there breaks here
      },
    );
    passed.on("error", () => response.destroy());
    response.on("close", () => passed.destroy());
    request.pipe(passed);
    return;
  }
  const file = fileOf(path);
  response.writeHead(200, { "content-type": file.type });
  response.end(readFileSync(join(dist, `${file.index}.plain`)));
});
server.listen(Number(port), "127.0.0.1", () => {
  console.log(`ready http://127.0.0.1:${server.address().port}`);
});
