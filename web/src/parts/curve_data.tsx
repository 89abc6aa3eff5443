// The numbers behind a curve: as a table, and as files to take along.
import { svgOf, csvOf } from "../text/curve_files.ts";
import type { Bucket, Curve, CurveView } from "../text/curves.ts";
import { count, exact } from "../text/numbers.ts";
import { colour } from "./colours.ts";
import { Download } from "./download.tsx";
import { Grid, type GridColumn } from "./grid.tsx";

function steps({ firstStep, lastStep }: Bucket): string {
  return firstStep === lastStep ? String(firstStep) : `${firstStep} to ${lastStep}`;
}

function number(key: "minValue" | "meanValue" | "maxValue", head: string): GridColumn<Bucket> {
  const cell = (bucket: Bucket) => {
    const value = bucket[key];
    return value === undefined ? "–" : exact(value);
  };
  return { key, head, width: 176, grow: 1, number: true, cell };
}

const COLUMNS: GridColumn<Bucket>[] = [
  { key: "steps", head: "steps", width: 110, grow: 1, number: true, cell: steps },
  { key: "points", head: "points", width: 64, number: true, cell: (b) => count(b.pointCount) },
  { key: "nan", head: "NaN", width: 48, number: true, cell: (b) => count(b.nanCount) },
  number("minValue", "min"),
  number("meanValue", "mean"),
  number("maxValue", "max"),
];

export function CurveTable({ title, curve }: { title: string; curve: Curve }) {
  return (
    <Grid
      label={`${title}: what the chart is drawn from`}
      height="232px"
      columns={COLUMNS}
      total={curve.buckets.length}
      row={(index) => curve.buckets[index]}
    />
  );
}

export function CurveDownloads(props: { name: string; curve: Curve; view: CurveView }) {
  const { name, curve, view } = props;
  const picture = () =>
    svgOf(name, curve, view, {
      paper: colour("--paper"),
      ink: colour("--ink"),
      line: colour("--series-1"),
      grid: colour("--line"),
      mark: colour("--warn"),
    });
  return (
    <>
      <Download name={`${name}.csv`} type="text/csv" text={() => csvOf(curve)}>
        CSV
      </Download>
      <Download name={`${name}.svg`} type="image/svg+xml" text={picture}>
        SVG
      </Download>
    </>
  );
}
