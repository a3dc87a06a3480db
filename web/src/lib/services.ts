/** Where the services are: each serves `/services.json`; an empty address is the page's own origin. */

import { requestJson } from "./http";

export interface Services {
  readonly ballot: string;
  readonly registrar: string;
  readonly tally: string;
  readonly notify: string;
}

/** The services' base addresses, without a slash at the end; throws what `requestJson` throws. */
export async function findServices(): Promise<Services> {
  return requestJson<Services>("/services.json");
}

/**
 * The code of a counter's slip that the address names, `#edition=ten-2027&counter=…`, or "". Whoever
 * has it can vote: it is taken out of the address bar and the tab's history at once.
 */
export function takeCounterCode(): string {
  const code = new URLSearchParams(location.hash.slice(1)).get("counter") ?? "";
  if (!code) return "";
  const edition = editionInAddress();
  history.replaceState(null, "", edition ? `#${edition}` : location.pathname + location.search);
  return /^[0-9A-Za-z-]{1,40}$/.test(code) ? code : "";
}

/** The edition that the page's address names after `#`: `/vote#ten-2027`, `#edition=ten-2027&…`. */
export function editionInAddress(hash: string = location.hash): string | undefined {
  const fragment = hash.replace(/^#/, "");
  const name = fragment.includes("=") ? new URLSearchParams(fragment).get("edition") : fragment;
  return name && /^[a-z0-9][a-z0-9-]{0,62}$/.test(name) ? name : undefined;
}
