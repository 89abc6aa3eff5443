// Resource names, and the pages they stand for: a page's address is the name of what it shows.

/** The address of the page of a resource: "/models/m/versions/3". */
export function pageOf(name: string): string {
  const parts = name.split("/").map(encodeURIComponent).join("/");
  return `/${parts}`;
}

/** The part after the last slash: "3" of "models/m/versions/3". */
export function lastOf(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

/** The resource `levels` above: "models/m" of "models/m/versions/3". */
export function parentOf(name: string, levels = 1): string {
  return name
    .split("/")
    .slice(0, -2 * levels)
    .join("/");
}

/** As `mlctl` says it: "m@3", "m#production", "retail@2"; "run 6f2c0d11", "decision 79d47d95". */
export function spoken(name: string): string {
  const parts = name.split("/");
  const [kind, id = "", below, second = "", deeper, third = ""] = parts;
  if (kind === "models" && below === "versions") return `${id}@${second}`;
  if (kind === "models" && deeper === "decisions") return `decision ${third.slice(0, 8)}`;
  if (kind === "models" && below === "channels") return `${id}#${second}`;
  if (kind === "datasets" && below === "versions") return `${id}@${second}`;
  if (kind === "experiments" && below === "runs") return `run ${second.slice(0, 8)}`;
  return id === "" ? name : id;
}

/** Breaks a name in the middle where it is longer than `letters`: its ends tell names apart. */
export function shortened(name: string, letters = 40): string {
  if (name.length <= letters) return name;
  const half = Math.floor((letters - 1) / 2);
  return `${name.slice(0, letters - 1 - half)}…${name.slice(name.length - half)}`;
}

const PAGES =
  /^(experiments\/[^/]+(\/runs\/[^/]+)?|datasets\/[^/]+(\/versions\/[^/]+)?|models\/[^/]+(\/versions\/[^/]+|\/channels\/[^/]+(\/decisions\/[^/]+)?)?)(?=\/|$)/;

/** The resource with a page that `name` is or belongs to: of an evaluation its version. */
export function nearestPage(name: string): string | undefined {
  return PAGES.exec(name)?.[0];
}
