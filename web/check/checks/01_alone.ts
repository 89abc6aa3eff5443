// The server alone is enough: nothing else is asked, nothing is complained about.
import { expect, type Check, type Given } from "../harness/check.ts";
import { complaintsOf, settled, tenPages } from "./look.ts";

const NEEDED = ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"];

async function policyOf(given: Given): Promise<string> {
  const { headers } = await fetch(given.server.api);
  const policy = headers.get("content-security-policy") ?? "";
  const missing = NEEDED.filter((part) => !policy.includes(part));
  expect(missing.length === 0, `the policy "${policy}" lacks ${missing.join(", ")}`);
  expect(!policy.includes("unsafe"), `the policy allows what is unsafe: "${policy}"`);
  expect(headers.get("x-content-type-options") === "nosniff", "there is no nosniff");
  return policy;
}

async function run(given: Given): Promise<string> {
  await policyOf(given);
  const context = await given.newContext();
  const own = new URL(given.server.ui).host;
  const foreign: string[] = [];
  // Whatever is not for this server would need a network, and gets none.
  await context.route("**/*", (route) => {
    const url = new URL(route.request().url());
    if (url.host === own || url.protocol === "data:") return route.continue();
    foreign.push(url.href);
    return route.abort("internetdisconnected");
  });
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) =>
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`),
    );
  });
  const pages = tenPages(given.facts);
  for (const [title, path] of pages) {
    await page.goto(path);
    await settled(page);
    expect(complaints.length === 0, `${title}: ${complaints.join("; ")}`);
    expect(foreign.length === 0, `${title} asked ${foreign.join(", ")}`);
  }
  return `${pages.length} pages, no complaint, no other host, policy strict`;
}

export const alone: Check = {
  number: 1,
  title: "the server alone is enough, and nothing is complained about",
  short: true,
  run,
};
