// A version of a model: what it is, what was measured of it, and why it is in production or not.
import type { Channel, ModelVersion } from "../../gen/cairn/v1/registry_pb.ts";
import { Evaluation_Source, type Evaluation } from "../../gen/cairn/v1/evaluations_pb.ts";
import { evaluations } from "../api/services/evaluations.ts";
import { promotion } from "../api/services/promotion.ts";
import { registry } from "../api/services/registry.ts";
import { below, useQuery } from "../api/queries.ts";
import { asOf } from "../app/as_of.ts";
import type { PageOfResource } from "../app/resource.ts";
import { Checks } from "../parts/checks.tsx";
import { Files } from "../parts/files.tsx";
import { Page, Pairs, Panel } from "../parts/page.tsx";
import { Loaded } from "../parts/state.tsx";
import { VersionVerbs } from "../parts/verb_buttons.tsx";
import { Name, Value, When } from "../parts/words.tsx";
import { commandFor } from "../text/commands.ts";
import { lastOf, parentOf, spoken } from "../text/names.ts";
import { bytes } from "../text/numbers.ts";

export function VersionPage({ name }: PageOfResource) {
  const at = asOf.value;
  const read = () => registry.getModelVersion({ name, asOfRevision: at });
  const query = useQuery(`${name} at ${at}`, read, below(name));
  const model = parentOf(name);
  const list = useQuery(
    `${model} channels`,
    () => registry.listChannels({ parent: model, pageSize: 100 }),
    below(model),
  );
  const channels = list.data?.channels ?? [];
  return (
    <Page
      title={spoken(name)}
      crumbs={[
        { label: "Models", name: "models" },
        { label: lastOf(model), name: model },
      ]}
      mlctl={commandFor(name)}
      json={query.data}
      travels
      actions={
        query.data !== undefined &&
        at === 0n && <VersionVerbs version={query.data} channels={channels} />
      }
    >
      <Loaded query={query} rows={10}>
        {(version) => (
          <>
            <WhyNot version={version} channels={channels} />
            <div class="columns">
              <Facts version={version} />
              <Measured name={version.name} />
            </div>
            <Panel title="Files">
              <Files files={version.files} whole />
            </Panel>
          </>
        )}
      </Loaded>
    </Page>
  );
}

/** For every channel of the model: whether it serves this version, and if not, why not. */
function WhyNot({ version, channels }: { version: ModelVersion; channels: Channel[] }) {
  return (
    <>
      {channels.map(({ name }) => (
        <Explained key={name} channel={name} version={version.name} />
      ))}
    </>
  );
}

function Explained({ channel, version }: { channel: string; version: string }) {
  const at = asOf.value;
  const read = () => promotion.explain({ name: channel, version, asOfRevision: at });
  const query = useQuery(`${channel} why ${version} at ${at}`, read, below(channel));
  const { data } = query;
  if (data === undefined) return null; // no decision has looked at it
  const serves = data.channel?.version === version;
  return (
    <Panel title={`Why ${serves ? "" : "not "}${lastOf(channel)}`}>
      <ul class="notice">
        {data.sentences.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      {data.decision !== undefined && data.decision.name !== "" && (
        <p>
          <Name name={data.decision.name} />
        </p>
      )}
      {!serves && data.candidate !== undefined && (
        <Checks candidate={data.candidate} decision={data.decision} />
      )}
    </Panel>
  );
}

function Facts({ version }: { version: ModelVersion }) {
  return (
    <Panel title="Version">
      <Pairs
        rows={[
          ["created", <When at={version.createTime} />],
          ["by", version.principal],
          ["run", <Name name={version.run} />],
          ["data", <Name name={version.trainingDataset} />],
          ["size", bytes(version.sizeBytes)],
          ["digest", <code title={version.sha256}>{version.sha256.slice(0, 16)}</code>],
          ["space", version.evaluationSpace],
          ["code", version.codeRevision],
          ["aliases", version.aliases.join(", ")],
          ["copied from", version.copiedFrom !== "" && <Name name={version.copiedFrom} />],
          ["description", version.description],
          ["lineage", <a href={`/lineage/${version.name}`}>what it came from and led to</a>],
          ...Object.entries(version.params).map(([key, value]): [string, string] => [key, value]),
        ]}
      />
    </Panel>
  );
}

function Measured({ name }: { name: string }) {
  const query = useQuery(
    `${name} evaluations`,
    () => evaluations.listEvaluations({ parent: name, pageSize: 100 }),
    below(name),
  );
  return (
    <Loaded query={query} rows={5}>
      {(page) => (
        <>
          {page.evaluations.map((evaluation) => (
            <EvaluationTable key={evaluation.name} evaluation={evaluation} />
          ))}
        </>
      )}
    </Loaded>
  );
}

function EvaluationTable({ evaluation }: { evaluation: Evaluation }) {
  const byServer = evaluation.source === Evaluation_Source.SERVER;
  return (
    <Panel
      title={`${byServer ? "Measured by the server" : "Reported"}: evaluation ${lastOf(evaluation.name)}`}
    >
      <p class="quiet">
        on <Name name={evaluation.datasetVersion} /> <When at={evaluation.createTime} />{" "}
        {evaluation.principal}
      </p>
      <table class="full">
        <tbody>
          {evaluation.values.map(({ metric, definition, value, standardError }) => (
            <tr key={metric}>
              <td>{metric}</td>
              <td class="number">
                <Value value={value} />
                {standardError !== undefined && (
                  <span class="quiet">
                    {" ± "}
                    <Value value={standardError} digits={2} />
                  </span>
                )}
              </td>
              <td class="quiet mono">{definition}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
