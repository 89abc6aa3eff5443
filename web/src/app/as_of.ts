// Time travel: an address may say the revision of the store that its page shows.
import { computed } from "@preact/signals";
import { query, setQuery } from "./address.ts";

/** The revision that the address asks for with `at`; 0 is now. */
export const asOf = computed(() => {
  const asked = query.value.get("at") ?? "";
  return /^[1-9]\d{0,17}$/.test(asked) ? BigInt(asked) : 0n;
});

/** Goes to the page as of a revision; "" goes back to now. */
export function showAsOf(revision: string): void {
  setQuery({ at: revision });
}
