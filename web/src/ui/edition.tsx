/** Which edition a page is about: named in its address, or the only open one, or chosen by hand. */

import { useEffect, useState } from "preact/hooks";

import { listEditions } from "../lib/api";
import { inLanguage, useLanguage, useTexts } from "../lib/i18n";
import { editionInAddress, findServices, type Services } from "../lib/services";
import type { EditionSummary } from "../lib/views";
import { Busy, Notice } from "./parts";
import { common } from "./texts";

export interface Found {
  readonly services: Services;
  /** Undefined: somebody has to choose. */
  readonly edition: string | undefined;
  readonly editions: readonly EditionSummary[];
}

/** The services and the edition, found anew when the address changes; or the error. */
export function useEdition(): { found?: Found; error?: unknown; again: () => void } {
  const [state, set] = useState<{ found?: Found; error?: unknown }>({});
  const [round, next] = useState(0);
  const again = () => next(round + 1);
  useEffect(() => {
    let stale = false;
    set({});
    find().then(
      (found) => stale || set({ found }),
      (error: unknown) => stale || set({ error }),
    );
    window.addEventListener("hashchange", again);
    return () => {
      stale = true;
      window.removeEventListener("hashchange", again);
    };
  }, [round]);
  return { ...state, again };
}

async function find(): Promise<Found> {
  const services = await findServices();
  const named = editionInAddress();
  const { editions } = await listEditions(services);
  const open = editions.filter((one) => one.phase === "open");
  const only = open.length === 1 ? open[0] : editions.length === 1 ? editions[0] : undefined;
  return { services, edition: named ?? only?.edition, editions };
}

/** The editions to choose from; a choice goes into the page's address. */
export function EditionChooser({ editions }: { readonly editions: readonly EditionSummary[] }) {
  const t = useTexts(common);
  const shown = useLanguage();
  if (editions.length === 0) return <h1>{t.noEdition}</h1>;
  return (
    <section class="stack">
      <h1>{t.chooseEdition}</h1>
      {[...editions].reverse().map((one) => (
        <a key={one.edition} class="button block" href={`#${one.edition}`}>
          {inLanguage(one.title, shown)} <span class="tag">{t.phase[one.phase]}</span>
        </a>
      ))}
    </section>
  );
}

/** Shown while the edition is looked for, and when it cannot be. */
export function Finding({ error, again }: { readonly error?: unknown; readonly again: () => void }) {
  const t = useTexts(common);
  if (error === undefined) return <Busy>{t.loading}</Busy>;
  return (
    <Notice kind="bad" title={t.unreachable} urgent>
      <p>{t.unreachableNext}</p>
      <button type="button" class="button" onClick={again}>
        {t.tryAgain}
      </button>
    </Notice>
  );
}
