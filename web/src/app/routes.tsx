// Which page an address shows. The address is the name of what the page is about.
import type { ComponentType } from "preact";
import { RunsPage } from "../pages/runs.tsx";
import { Empty } from "../parts/state.tsx";
import { Page } from "../parts/page.tsx";
import { later } from "../parts/later.tsx";
import { path } from "./address.ts";
import type { PageOfResource } from "./resource.ts";

/** Each page is fetched with its first use, but for the one that most people look at most. */
const ROUTES: [pattern: RegExp, page: ComponentType<PageOfResource>][] = [
  [/^\/$/, later(async () => (await import("../pages/now.tsx")).NowPage)],
  [
    /^\/experiments$/,
    later(async () => (await import("../pages/experiments.tsx")).ExperimentsPage),
  ],
  [/^\/experiments\/[^/]+$/, RunsPage],
  [
    /^\/experiments\/[^/]+\/runs\/[^/]+$/,
    later(async () => (await import("../pages/run.tsx")).RunPage),
  ],
  [
    /^\/experiments\/[^/]+\/views\/[^/]+$/,
    later(async () => (await import("../pages/view.tsx")).ViewPage),
  ],
  [/^\/compare$/, later(async () => (await import("../pages/compare.tsx")).ComparePage)],
  [/^\/datasets$/, later(async () => (await import("../pages/datasets.tsx")).DatasetsPage)],
  [/^\/datasets\/[^/]+$/, later(async () => (await import("../pages/dataset.tsx")).DatasetPage)],
  [
    /^\/datasets\/[^/]+\/versions\/[^/]+$/,
    later(async () => (await import("../pages/dataset_version.tsx")).DatasetVersionPage),
  ],
  [/^\/models$/, later(async () => (await import("../pages/models.tsx")).ModelsPage)],
  [/^\/models\/[^/]+$/, later(async () => (await import("../pages/model.tsx")).ModelPage)],
  [
    /^\/models\/[^/]+\/versions\/[^/]+$/,
    later(async () => (await import("../pages/version.tsx")).VersionPage),
  ],
  [
    /^\/models\/[^/]+\/channels\/[^/]+$/,
    later(async () => (await import("../pages/channel.tsx")).ChannelPage),
  ],
  [
    /^\/models\/[^/]+\/channels\/[^/]+\/decisions\/[^/]+$/,
    later(async () => (await import("../pages/decision.tsx")).DecisionPage),
  ],
  [/^\/lineage\/.+$/, later(async () => (await import("../pages/lineage.tsx")).LineagePage)],
  [/^\/activity$/, later(async () => (await import("../pages/activity.tsx")).ActivityPage)],
];

export function CurrentPage() {
  for (const [pattern, Shown] of ROUTES) {
    if (pattern.test(path.value)) return <Shown key={path.value} name={path.value.slice(1)} />;
  }
  return (
    <Page title="No such page">
      <Empty what="There is no page at this address. Ctrl K finds anything by its name." />
    </Page>
  );
}
