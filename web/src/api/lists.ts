// The whole lists that several parts of the UI show, each read page after page.
import type { Dataset } from "../../gen/cairn/v1/datasets_pb.ts";
import type { Model } from "../../gen/cairn/v1/registry_pb.ts";
import type { Experiment } from "../../gen/cairn/v1/tracking_pb.ts";
import { everyPage } from "./calls.ts";
import { datasets } from "./services/datasets.ts";
import { registry } from "./services/registry.ts";
import { tracking } from "./services/tracking.ts";

const PAGE_ROWS = 1000;

/** Rows of a list; `whole` tells whether that is all of it. */
type Listed<Row> = Promise<{ rows: Row[]; whole: boolean }>;

export function allExperiments(): Listed<Experiment> {
  return everyPage(async (pageToken) => {
    const page = await tracking.listExperiments({ pageToken, pageSize: PAGE_ROWS });
    return { rows: page.experiments, nextPageToken: page.nextPageToken };
  });
}

export function allModels(): Listed<Model> {
  return everyPage(async (pageToken) => {
    const page = await registry.listModels({ pageToken, pageSize: PAGE_ROWS });
    return { rows: page.models, nextPageToken: page.nextPageToken };
  });
}

export function allDatasets(): Listed<Dataset> {
  return everyPage(async (pageToken) => {
    const page = await datasets.listDatasets({ pageToken, pageSize: PAGE_ROWS });
    return { rows: page.datasets, nextPageToken: page.nextPageToken };
  });
}
