// A view leads to the page whose state it keeps.
import { useEffect } from "preact/hooks";
import { views } from "../api/services/views.ts";
import { useQuery } from "../api/queries.ts";
import { replace } from "../app/address.ts";
import type { PageOfResource } from "../app/resource.ts";
import { Page } from "../parts/page.tsx";
import { Loaded } from "../parts/state.tsx";

export function ViewPage({ name }: PageOfResource) {
  const view = useQuery(name, () => views.getView({ name }));
  const address = view.data?.address;
  useEffect(() => {
    if (address !== undefined) replace(address);
  }, [address]);
  return (
    <Page title="View">
      <Loaded query={view} rows={2}>
        {(kept) => <a href={kept.address}>{kept.title || kept.address}</a>}
      </Loaded>
    </Page>
  );
}
