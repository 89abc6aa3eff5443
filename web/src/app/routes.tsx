// Which page an address shows. The address is the name of what the page is about.
import type { ComponentType } from "preact";
import { Empty } from "../parts/state.tsx";
import { Page } from "../parts/page.tsx";
import { ActivityPage } from "../pages/activity.tsx";
import { DatasetPage } from "../pages/dataset.tsx";
import { DatasetsPage } from "../pages/datasets.tsx";
import { DecisionPage } from "../pages/decision.tsx";
import { ExperimentsPage } from "../pages/experiments.tsx";
import { LineagePage } from "../pages/lineage.tsx";
import { ModelsPage } from "../pages/models.tsx";
import { NowPage } from "../pages/now.tsx";
import { RunsPage } from "../pages/runs.tsx";
import { VersionPage } from "../pages/version.tsx";
import { ViewPage } from "../pages/view.tsx";
import { later } from "../parts/later.tsx";
import { path } from "./address.ts";

/** Every page takes the resource it shows: "models/m/channels/production". */
export interface PageOfResource {
  name: string;
}

const ComparePage = later<PageOfResource>(
  async () => (await import("../pages/compare.tsx")).ComparePage,
);
const RunPage = later<PageOfResource>(async () => (await import("../pages/run.tsx")).RunPage);
const ModelPage = later<PageOfResource>(async () => (await import("../pages/model.tsx")).ModelPage);
const ChannelPage = later<PageOfResource>(
  async () => (await import("../pages/channel.tsx")).ChannelPage,
);
const DatasetVersionPage = later<PageOfResource>(
  async () => (await import("../pages/dataset_version.tsx")).DatasetVersionPage,
);
const ROUTES: [pattern: RegExp, page: ComponentType<PageOfResource>][] = [
  [/^\/$/, NowPage],
  [/^\/experiments$/, ExperimentsPage],
  [/^\/experiments\/[^/]+$/, RunsPage],
  [/^\/experiments\/[^/]+\/runs\/[^/]+$/, RunPage],
  [/^\/experiments\/[^/]+\/views\/[^/]+$/, ViewPage],
  [/^\/compare$/, ComparePage],
  [/^\/datasets$/, DatasetsPage],
  [/^\/datasets\/[^/]+$/, DatasetPage],
  [/^\/datasets\/[^/]+\/versions\/[^/]+$/, DatasetVersionPage],
  [/^\/models$/, ModelsPage],
  [/^\/models\/[^/]+$/, ModelPage],
  [/^\/models\/[^/]+\/versions\/[^/]+$/, VersionPage],
  [/^\/models\/[^/]+\/channels\/[^/]+$/, ChannelPage],
  [/^\/models\/[^/]+\/channels\/[^/]+\/decisions\/[^/]+$/, DecisionPage],
  [/^\/lineage\/.+$/, LineagePage],
  [/^\/activity$/, ActivityPage],
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
